using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using CtfService.Core.Generation;
using CtfService.Inference.Status;

namespace CtfService.Api.Contracts;

/// <summary>The models of this service: the loaded one.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
public sealed record ModelListResponse([property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<ModelResponse> Data);

/// <summary>A loaded model.</summary>
/// <param name="Id">Name of the model.</param>
/// <param name="Aliases">Other names that requests can use for it.</param>
/// <param name="ObjectType">Always <c>model</c>.</param>
/// <param name="Created">When this service loaded it, seconds since 1970.</param>
/// <param name="OwnedBy">Always <c>ctf-service</c>.</param>
/// <param name="Size">Width x height of its images in pixels.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="TokensPerImage">Positions of the token grid.</param>
/// <param name="CodebookSize">Number of codewords of its tokenizer.</param>
/// <param name="Clusters">Number of clusters of the codebook: the vocabulary of the coarse stage.</param>
/// <param name="HasFineStage">Whether a fine stage samples a token from each cluster.</param>
/// <param name="BundleHash">SHA-256 of the manifest, which contains the hash of every weight file.</param>
/// <param name="Device">Kind of device that computes, <c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Dtype">
/// Element type of the transformers, such as <c>float32</c>. The same seed gives other bytes on another kind of device or in another type.
/// </param>
/// <param name="Defaults">Sampling defaults.</param>
public sealed record ModelResponse(
    string Id,
    IReadOnlyList<string> Aliases,
    [property: JsonPropertyName("object"), AllowedValues("model")] string ObjectType,
    long Created,
    string OwnedBy,
    string Size,
    int Classes,
    int TokensPerImage,
    int CodebookSize,
    int Clusters,
    bool HasFineStage,
    string BundleHash,
    string? Device,
    string? Dtype,
    ModelDefaults Defaults)
{
    public static ModelResponse From(ModelStatus.Ready ready, IReadOnlyList<string> aliases)
    {
        var model = ready.Model;
        return new ModelResponse(
            model.Name,
            aliases,
            "model",
            ready.Since.ToUnixTimeSeconds(),
            "ctf-service",
            model.ImageSize,
            model.Classes.Count,
            model.TokenCount,
            model.CodebookSize,
            model.ClusterCount,
            model.HasFineStage,
            model.BundleHash,
            model.Device,
            model.Dtype,
            new ModelDefaults(StageDefaults.From(model.DefaultCoarse), model.HasFineStage ? StageDefaults.From(model.DefaultFine) : null));
    }
}

/// <summary>Sampling defaults of both stages.</summary>
/// <param name="Coarse">Defaults of the top-level fields of a request.</param>
/// <param name="Fine">Defaults of the field <c>fine</c> of a request; null if the model has no fine stage.</param>
public sealed record ModelDefaults(StageDefaults Coarse, StageDefaults? Fine);

/// <summary>Sampling defaults of one stage.</summary>
public sealed record StageDefaults(float Temperature, int TopK, float TopP, float GuidanceScale)
{
    public static StageDefaults From(SamplingSettings settings) => new(settings.Temperature, settings.TopK, settings.TopP, settings.GuidanceScale);
}
