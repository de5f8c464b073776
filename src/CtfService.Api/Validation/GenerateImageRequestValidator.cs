using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>
/// Checks a well-formed request against its model and the configured limits, and returns a type in which every value is valid. Thread-safe.
/// </summary>
internal sealed class GenerateImageRequestValidator(LimitsOptions limits, ImageRequestChecks checks)
{
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <exception cref="RequestRefusedException">The request is invalid; the exception lists every problem.</exception>
    public ValidatedImageRequest Validate(GenerateImageRequest asked, StringValues timeout, ModelDescription model)
    {
        var problems = new RequestProblems();
        var classLabel = ClassChoice.Choose(asked.ClassLabel, asked.Prompt, model.Classes, problems);
        var coarse = SamplingChoice.Choose(asked.CoarseSampling, model.DefaultCoarse, prefix: "", limits, problems);
        var previews = ChoosePreviews(asked, problems);
        OpenAiFields.CheckOthers(asked, problems);
        var request = checks.Check(asked, timeout, model, classLabel, coarse, LayoutSource.Drawn, problems);
        problems.ThrowIfAny();
        return request with { Submission = request.Submission with { Previews = previews }, IsStream = asked.Stream == true };
    }

    private static int ChoosePreviews(GenerateImageRequest asked, RequestProblems problems)
    {
        problems.RequireRange(asked.PartialImages, 0, PreviewOptions.MostPreviews, "partial_images");
        if (asked.PartialImages is > 0 && asked.Stream != true)
        {
            problems.Add("partial_images", "conflicting_fields", "partial_images needs a stream. Send stream: true as well, or leave partial_images out.");
        }

        return asked.PartialImages ?? 0;
    }
}
