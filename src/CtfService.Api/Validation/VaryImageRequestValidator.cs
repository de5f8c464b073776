using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>Checks the fields of a variation against its model and the configured limits, then decodes its picture. Thread-safe.</summary>
internal sealed class VaryImageRequestValidator(ImageRequestChecks checks, PictureReader pictures)
{
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <exception cref="RequestRefusedException">The fields or the picture are invalid; the exception lists every problem of the fields.</exception>
    public Task<ValidatedImageRequest> ValidateAsync(VaryImageRequest asked, StringValues timeout, ModelDescription model, CancellationToken cancellation) =>
        ValidateAsync(
            asked,
            asked.ClassLabel is { } name ? new ClassReference(name, Id: null) : null,
            timeout,
            model,
            () => pictures.ReadVariationAsync(asked.Image.OpenReadStream, model, cancellation));

    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <param name="readPicture">Returns the picture in the model's size as a layout; called once, if the fields are valid.</param>
    /// <exception cref="RequestRefusedException">The fields or the picture are invalid; the exception lists every problem of the fields.</exception>
    public async Task<ValidatedImageRequest> ValidateAsync(
        VariationRequest asked, ClassReference? classReference, StringValues timeout, ModelDescription model, Func<Task<LayoutSource>> readPicture)
    {
        var problems = new RequestProblems();
        ImageRequestChecks.RequireFineStage(model, problems);
        var classLabel = classReference is null ? null : ClassChoice.Choose(classReference, prompt: null, model.Classes, problems);
        var request = checks.Check(asked, timeout, model, classLabel, model.DefaultCoarse, LayoutSource.Drawn, problems);
        problems.ThrowIfAny();

        // The picture comes last, so that nothing is decoded for a request that is refused.
        return request.WithLayout(await readPicture());
    }
}
