using CtfService.Jobs.Work;
using Microsoft.Extensions.Options;

namespace CtfService.Jobs.Webhooks;

/// <summary>Checks what annotations cannot express. The secret is never shown.</summary>
internal sealed class JobsOptionsValidator : IValidateOptions<JobsOptions>
{
    public ValidateOptionsResult Validate(string? name, JobsOptions options) => WebhookSignature.IsValid(options.WebhookSecret)
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            "Jobs:WebhookSecret starts with whsec_, but the rest is not base64; expected a key in base64 there, or a text that does not start with whsec_. "
            + "`echo whsec_$(openssl rand -base64 32)` creates one.");
}
