using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>One upload of the largest size must fit the memory for all, or none of that size could ever be taken.</summary>
internal sealed class UploadBufferValidator : IValidateOptions<LimitsOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        var largest = options.MaxUploadBodyBytes;
        return options.MaxUploadBufferBytes >= largest
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Limits:MaxUploadBufferBytes is {options.MaxUploadBufferBytes}; expected at least {largest}, an upload of Limits:MaxUploadBytes "
                + "with the fields beside it. Raise the one or lower the other.");
    }
}
