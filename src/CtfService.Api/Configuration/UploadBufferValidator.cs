using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Checks that the largest allowed upload fits in the memory for all uploads.</summary>
internal sealed class UploadBufferValidator : IValidateOptions<LimitsOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        var largest = options.MaxUploadBodyBytes(files: 2); // a picture and its mask
        return options.MaxUploadBufferBytes >= largest
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Limits:MaxUploadBufferBytes is {options.MaxUploadBufferBytes}; expected at least {largest}, the size of an upload of two files of "
                + "Limits:MaxUploadBytes, a picture and a mask, with the form fields. Raise the former or lower the latter.");
    }
}
