using CtfService.Inference.Queue;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Checks that the largest allowed request fits in an empty queue, because a request is enqueued as a whole.</summary>
internal sealed class QueueCapacityValidator(SettingsSection<InferenceOptions> inference) : IValidateOptions<LimitsOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        var queue = inference.Value.MaxQueuedImages;
        return options.MaxImagesPerRequest <= queue
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Limits:MaxImagesPerRequest is {options.MaxImagesPerRequest}; expected at most {queue}, the value of Inference:MaxQueuedImages. "
                + "Lower the former or raise the latter.");
    }
}
