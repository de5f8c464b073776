using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using CtfService.Core.Generation;
using CtfService.Inference.Status;

namespace CtfService.Api.Contracts;

/// <summary>The models of this service: the one it has loaded.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
public sealed record ModelListResponse([property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<ModelResponse> Data);

/// <summary>A loaded model.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Aliases">Other names that requests may use for it.</param>
/// <param name="ObjectType">Always <c>model</c>.</param>
/// <param name="Created">When this service had loaded it, seconds since 1970.</param>
/// <param name="OwnedBy">Always <c>ctf-service</c>.</param>
/// <param name="Size">Pixels of its images, width x height.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="TokensPerImage">Cells of the token grid.</param>
/// <param name="CodebookSize">Codewords of its tokenizer.</param>
/// <param name="Clusters">Clusters of the codebook: the vocabulary of the coarse stage.</param>
/// <param name="HasFineStage">Whether a fine stage chooses within each cluster.</param>
/// <param name="BundleHash">SHA-256 of its manifest, which holds the hash of every weight file.</param>
/// <param name="Defaults">Sampling where a request does not say.</param>
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
            new ModelDefaults(StageDefaults.From(model.DefaultCoarse), model.HasFineStage ? StageDefaults.From(model.DefaultFine) : null));
    }
}

/// <summary>Sampling defaults of both stages.</summary>
/// <param name="Coarse">Top-level fields of a request.</param>
/// <param name="Fine">The field <c>fine</c> of a request; null without a fine stage.</param>
public sealed record ModelDefaults(StageDefaults Coarse, StageDefaults? Fine);

/// <summary>Sampling defaults of one stage.</summary>
public sealed record StageDefaults(float Temperature, int TopK, float TopP, float GuidanceScale)
{
    public static StageDefaults From(SamplingSettings settings) => new(settings.Temperature, settings.TopK, settings.TopP, settings.GuidanceScale);
}
