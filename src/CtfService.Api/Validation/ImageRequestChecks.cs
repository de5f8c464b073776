using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Model.Imaging;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>Checks the fields that all image requests have in common. Thread-safe.</summary>
internal sealed class ImageRequestChecks(LimitsOptions limits, InferenceOptions inference, ModelNames names)
{
    private const string Link = "url";

    /// <summary>OpenAI's models with this prefix return links by default, and clients rely on that. Here such a name can only be an alias.</summary>
    private const string ModelWithLinks = "dall-e";

    /// <summary>Adds every problem. Use the result only if there are none.</summary>
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <param name="classLabel">Null for an image without a class.</param>
    /// <param name="coarse">Sampling of the coarse stage; the model's default if that stage does not run.</param>
    public ValidatedImageRequest Check(
        ImageRequest asked,
        StringValues timeout,
        ModelDescription model,
        ClassLabel? classLabel,
        SamplingSettings coarse,
        LayoutSource layout,
        RequestProblems problems)
    {
        problems.RequireRange(asked.N, 1, limits.MaxImagesPerRequest, "n", "Limits:MaxImagesPerRequest");
        var fine = ChooseFine(asked.FineSampling, asked.FinePrefix, model, problems);
        RequireModel(asked.Model, model, problems);
        var format = ChooseFormat(asked.OutputFormat, "output_format", problems);
        problems.RequireRange(asked.OutputCompression, 0, 100, "output_compression");
        RequireResponseFormat(asked.ResponseFormat, problems);
        OpenAiFields.CheckSize(asked.Size, model, problems);
        var include = Inclusion.Choose(asked.Include, problems);
        var priority = ChoosePriority(asked.Priority, problems);
        var deadline = DeadlineChoice.Choose(asked.TimeoutMs, timeout, inference, problems);

        var seed = asked.Seed ?? RandomSeed.Draw();
        var images = Enumerable.Range(0, problems.All.Count == 0 ? asked.N ?? 1 : 0)
            .Select(i => new ImageSpecification(classLabel?.Id ?? model.NullClass, ImageSeed.Derive(seed, i), coarse, fine) { Layout = layout });
        var submission = new ImageSubmission([.. images], deadline) { Priority = priority };
        return new ValidatedImageRequest(model, classLabel, seed, submission, format, asked.OutputCompression ?? ImageCodec.DefaultQuality)
        {
            IsRepeatable = asked.Seed is not null,
            Include = include,
            HasLinks = asked.ResponseFormat == Link
                || (asked.ResponseFormat is null && asked.Model?.StartsWith(ModelWithLinks, StringComparison.Ordinal) == true),
            Warnings = problems.Warnings,
        };
    }

    /// <summary>Adds a problem if the model has no fine stage, which draws the details in a layout.</summary>
    public static void RequireFineStage(ModelDescription model, RequestProblems problems)
    {
        if (!model.HasFineStage)
        {
            problems.Add(
                "model",
                "no_fine_stage",
                $"Model '{model.Name}' has no fine stage: its coarse labels are its tokens, so a layout leaves no details to draw. "
                + "Use /v1/images/generations, or a model with a fine stage (has_fine_stage in GET /v1/models).");
        }
    }

    /// <summary>Chooses the sampling of the fine stage.</summary>
    /// <param name="prefix">Prefix of the names of its fields in the request.</param>
    public SamplingSettings ChooseFine(SamplingRequest? asked, string prefix, ModelDescription model, RequestProblems problems)
    {
        if (asked is not null && !model.HasFineStage)
        {
            problems.Add("fine", "unsupported_value", $"Model '{model.Name}' has no fine stage. Leave the field fine out.");
        }

        return SamplingChoice.Choose(asked ?? new SamplingRequest(), model.DefaultFine, prefix, limits, problems);
    }

    /// <summary>Adds a problem if the request names another model than the loaded one.</summary>
    public void RequireModel(string? asked, ModelDescription model, RequestProblems problems)
    {
        if (asked is not null && !names.Mean(model, asked))
        {
            problems.Add("model", "model_not_found", $"model '{asked}' is not loaded; expected {names.Describe(model)}. Send that or leave the field out.");
        }
    }

    /// <summary>Returns null if the request names no format, and if it names an unknown one, which is a problem.</summary>
    public static ImageFormat? ChooseFormat(string? asked, string param, RequestProblems problems)
    {
        if (asked is null)
        {
            return null;
        }

        if (ImageFormats.Find(asked) is { } format)
        {
            return format;
        }

        problems.Add(param, "unsupported_value", $"{param} '{asked}' is not supported; expected {ImageFormats.Names}.");
        return null;
    }

    private static ImagePriority ChoosePriority(string? asked, RequestProblems problems)
    {
        problems.RequireOneOf(asked, [ImagePriorities.Interactive, ImagePriorities.Batch, ImagePriorities.High], "priority");
        return asked is null ? ImagePriority.Interactive : ImagePriorities.Find(asked) ?? ImagePriority.Interactive;
    }

    private static void RequireResponseFormat(string? asked, RequestProblems problems)
    {
        if (asked is not (null or "b64_json" or Link))
        {
            problems.Add(
                "response_format",
                "unsupported_value",
                $"response_format '{asked}' is not supported; expected 'b64_json' or '{Link}'. For the image itself send the header Accept: image/png.");
        }
    }
}
