using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Negotiation;
using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Model.Imaging;

namespace CtfService.Api.Validation;

/// <summary>
/// The second gate: checks a well-formed request against the loaded model and the limits, gathers every fault, and returns a type
/// in which nothing is left to check. Thread-safe.
/// </summary>
internal sealed class GenerateImageRequestValidator(IModelStatus status, LimitsOptions limits)
{
    /// <summary>Seeds we choose fit a JavaScript number, so that every client can send them back.</summary>
    private const int RandomSeedBits = 53;

    /// <exception cref="ModelNotReadyException">There is no model to check against.</exception>
    public bool TryValidate(
        GenerateImageRequest asked,
        [NotNullWhen(true)] out GenerationRequest? request,
        out IReadOnlyList<ErrorDetail> faults)
    {
        var model = status.RequireModel();
        var found = new Faults();
        var classLabel = ClassChoice.Choose(asked, model.Classes, found);
        found.RequireRange(asked.N, 1, limits.MaxImagesPerRequest, "n", "Limits:MaxImagesPerRequest");
        var coarse = ChooseCoarse(asked, model, found);
        var fine = ChooseFine(asked, model, found);
        RequireModel(asked.Model, model, found);
        var format = ChooseFormat(asked.OutputFormat, found);
        found.RequireRange(asked.OutputCompression, 0, 100, "output_compression");
        RequireResponseFormat(asked.ResponseFormat, found);

        faults = found.All;
        if (faults.Count > 0 || classLabel is null)
        {
            request = null;
            return false;
        }

        var seed = asked.Seed ?? RandomSeed();
        var images = Enumerable.Range(0, asked.N ?? 1)
            .Select(i => new ImageSpecification(classLabel.Id, ImageSeed.Derive(seed, i), coarse, fine));
        request = new GenerationRequest(model, classLabel, seed, [.. images], format, asked.OutputCompression ?? ImageCodec.DefaultQuality);
        return true;
    }

    private SamplingSettings ChooseCoarse(GenerateImageRequest asked, ModelDescription model, Faults faults)
    {
        var coarse = new FineSamplingRequest
        {
            Temperature = asked.Temperature,
            TopK = asked.TopK,
            TopP = asked.TopP,
            GuidanceScale = asked.GuidanceScale,
        };
        return SamplingChoice.Choose(coarse, model.DefaultCoarse, prefix: "", limits, faults);
    }

    private SamplingSettings ChooseFine(GenerateImageRequest asked, ModelDescription model, Faults faults)
    {
        if (asked.Fine is not null && !model.HasFineStage)
        {
            faults.Add("fine", "unsupported_value", $"Model '{model.Name}' has no fine stage. Leave the field fine out.");
        }

        return SamplingChoice.Choose(asked.Fine ?? new FineSamplingRequest(), model.DefaultFine, prefix: "fine.", limits, faults);
    }

    private static void RequireModel(string? asked, ModelDescription model, Faults faults)
    {
        if (asked is not null && asked != model.Name)
        {
            faults.Add("model", "model_not_found", $"model '{asked}' is not loaded; this service runs '{model.Name}'. Send that name or leave the field out.");
        }
    }

    private static ImageFormat? ChooseFormat(string? asked, Faults faults)
    {
        if (asked is null)
        {
            return null;
        }

        if (ImageFormats.Find(asked) is { } format)
        {
            return format;
        }

        faults.Add("output_format", "unsupported_value", $"output_format '{asked}' is not supported; expected {ImageFormats.Names}.");
        return null;
    }

    private static void RequireResponseFormat(string? asked, Faults faults)
    {
        if (asked is not (null or "b64_json"))
        {
            faults.Add(
                "response_format",
                "unsupported_value",
                $"response_format '{asked}' is not supported; expected 'b64_json'. For the image itself send the header Accept: image/png.");
        }
    }

    private static ulong RandomSeed() =>
        BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> (64 - RandomSeedBits);
}
