using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>Checks the fields of an edit against its model and the configured limits, then decodes its picture and mask. Thread-safe.</summary>
internal sealed class EditImageRequestValidator(DrawImageRequestChecks checks, PictureReader pictures)
{
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <exception cref="RequestRefusedException">The fields or the files are invalid; the exception lists every problem of the fields.</exception>
    public Task<ValidatedImageRequest> ValidateAsync(EditImageRequest asked, StringValues timeout, ModelDescription model, CancellationToken cancellation) =>
        ValidateAsync(
            asked,
            asked.ClassLabel is { } name ? new ClassReference(name, Id: null) : null,
            timeout,
            model,
            () => pictures.ReadEditAsync(asked.Image.OpenReadStream, asked.Mask is { } mask ? mask.OpenReadStream : null, model, cancellation));

    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <param name="readFiles">Returns picture and mask in the model's size as a layout; called once, if the fields are valid.</param>
    /// <exception cref="RequestRefusedException">The fields or the files are invalid; the exception lists every problem of the fields.</exception>
    public async Task<ValidatedImageRequest> ValidateAsync(
        EditRequest asked, ClassReference? classReference, StringValues timeout, ModelDescription model, Func<Task<LayoutSource.Edited>> readFiles)
    {
        var problems = new RequestProblems();
        problems.RequireRange(asked.Candidates, 1, LayoutSource.Edited.MostCandidates, "candidates");
        OpenAiFields.CheckInputFidelity(asked.InputFidelity, problems);
        var request = checks.Check(asked, classReference, timeout, model, problems);
        problems.ThrowIfAny();

        // The files come last, so that nothing is decoded for a request that is refused.
        var edit = await readFiles();
        if (edit.Mask.IsFull)
        {
            problems.Warn(
                "mask",
                "Everything is transparent, so nothing of the picture was kept: the image is the one that /v1/images/generations draws with this seed.");
        }

        return request.WithLayout(edit with { Candidates = asked.Candidates ?? 1 }) with { Warnings = problems.Warnings };
    }
}
