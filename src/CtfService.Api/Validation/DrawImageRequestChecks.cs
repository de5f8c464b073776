using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>Checks the fields that requests for a whole image and for a part of one have in common. Thread-safe.</summary>
internal sealed class DrawImageRequestChecks(LimitsOptions limits, ImageRequestChecks checks)
{
    /// <summary>Adds every problem. Use the result, which draws whole images, only if there are none.</summary>
    /// <param name="classReference">The class that the request names; null if it may be in the prompt.</param>
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    public ValidatedImageRequest Check(
        DrawImageRequest asked, ClassReference? classReference, StringValues timeout, ModelDescription model, RequestProblems problems)
    {
        var classLabel = ClassChoice.Choose(classReference, asked.Prompt, model.Classes, problems);
        var coarse = SamplingChoice.Choose(asked.CoarseSampling, model.DefaultCoarse, prefix: "", limits, problems);
        var previews = ChoosePreviews(asked, problems);
        OpenAiFields.CheckLook(asked, problems);
        var request = checks.Check(asked, timeout, model, classLabel, coarse, LayoutSource.Drawn, problems);
        return request with { Submission = request.Submission with { Previews = previews }, IsStream = asked.Stream == true };
    }

    private static int ChoosePreviews(DrawImageRequest asked, RequestProblems problems)
    {
        problems.RequireRange(asked.PartialImages, 0, PreviewOptions.MostPreviews, "partial_images");
        if (asked.PartialImages is > 0 && asked.Stream != true)
        {
            problems.Add("partial_images", "conflicting_fields", "partial_images needs a stream. Send stream: true as well, or leave partial_images out.");
        }

        return asked.PartialImages ?? 0;
    }
}
