using System.Diagnostics.CodeAnalysis;
using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Http;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>
/// The second gate: checks a well-formed request against the model it will run on and the limits, gathers every problem, and returns a type
/// in which nothing is left to check. Thread-safe.
/// </summary>
internal sealed class GenerateImageRequestValidator(LimitsOptions limits, ImageRequestChecks checks)
{
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    public bool TryValidate(
        GenerateImageRequest asked,
        StringValues timeout,
        ModelDescription model,
        [NotNullWhen(true)] out ValidatedImageRequest? request,
        out IReadOnlyList<ErrorDetail> problems)
    {
        var found = new RequestProblems();
        var classLabel = ClassChoice.Choose(asked.ClassLabel, asked.Prompt, model.Classes, found);
        var coarse = ChooseCoarse(asked, model, found);
        var previews = ChoosePreviews(asked, found);
        FixedFields.CheckOthers(asked, found);
        var common = checks.Check(asked, timeout, model, classLabel, coarse, LayoutSource.Drawn, found);
        problems = found.All;
        request = problems.Count == 0 ? common with { Previews = previews } : null;
        return request is not null;
    }

    private SamplingSettings ChooseCoarse(GenerateImageRequest asked, ModelDescription model, RequestProblems problems)
    {
        var coarse = new SamplingRequest
        {
            Temperature = asked.Temperature,
            TopK = asked.TopK,
            TopP = asked.TopP,
            GuidanceScale = asked.GuidanceScale,
        };
        return SamplingChoice.Choose(coarse, model.DefaultCoarse, prefix: "", limits, problems);
    }

    private static int? ChoosePreviews(GenerateImageRequest asked, RequestProblems problems)
    {
        problems.RequireRange(asked.PartialImages, 0, PreviewOptions.MostPreviews, "partial_images");
        if (asked.PartialImages is > 0 && asked.Stream != true)
        {
            problems.Add("partial_images", "conflicting_fields", "partial_images needs a stream. Send stream: true beside it, or leave it out.");
        }

        return asked.Stream == true ? asked.PartialImages ?? 0 : null;
    }
}
