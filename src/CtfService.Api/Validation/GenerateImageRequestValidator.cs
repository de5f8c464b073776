using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>
/// Checks a well-formed request against its model and the configured limits, and returns a type in which every value is valid. Thread-safe.
/// </summary>
internal sealed class GenerateImageRequestValidator(DrawImageRequestChecks checks)
{
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <exception cref="RequestRefusedException">The request is invalid; the exception lists every problem.</exception>
    public ValidatedImageRequest Validate(GenerateImageRequest asked, StringValues timeout, ModelDescription model)
    {
        var problems = new RequestProblems();
        OpenAiFields.CheckStyle(asked.Style, problems);
        var request = checks.Check(asked, asked.ClassLabel, timeout, model, problems);
        problems.ThrowIfAny();
        return request;
    }
}
