using CtfService.Inference.Queue;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>A request is queued whole, so the largest one allowed must fit into an empty queue.</summary>
internal sealed class QueueCapacityValidator(SettingsSection<InferenceOptions> inference) : IValidateOptions<LimitsOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        var queue = inference.Value.MaxQueuedImages;
        return options.MaxImagesPerRequest <= queue
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Limits:MaxImagesPerRequest is {options.MaxImagesPerRequest}; expected at most {queue}, the value of Inference:MaxQueuedImages. Lower the one or raise the other.");
    }
}
