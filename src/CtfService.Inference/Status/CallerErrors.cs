using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>
/// Creates those errors of the queue, the worker and the router that the API description shows as examples, so that both have the same messages.
/// </summary>
public static class CallerErrors
{
    /// <summary>Retry delay while a model loads or the service restarts; both take seconds.</summary>
    internal static readonly TimeSpan SoonReady = TimeSpan.FromSeconds(5);

    /// <param name="room">The number of images that still fit.</param>
    /// <param name="capacity">The value of Inference:MaxQueuedImages.</param>
    /// <param name="requested">The number of images of the request.</param>
    /// <param name="retryAfter">Whole seconds, as in the header Retry-After.</param>
    public static QueueFullException QueueFull(int room, int capacity, int requested, TimeSpan retryAfter) => new(
        $"The queue has room for {room} more of {capacity} images (Inference:MaxQueuedImages); {requested} were requested. "
        + $"Try again in {retryAfter.TotalSeconds:0} s.",
        retryAfter);

    /// <param name="backlog">Expected time that the images before the request take.</param>
    /// <param name="most">The value of Inference:MaxBacklog.</param>
    /// <param name="retryAfter">Whole seconds, as in the header Retry-After.</param>
    public static QueueFullException TooMuchBefore(TimeSpan backlog, TimeSpan most, TimeSpan retryAfter) => new(
        $"The images before this request take about {backlog.TotalSeconds:0.###} s; at most {most.TotalSeconds:0.###} s are allowed (Inference:MaxBacklog). "
        + $"Try again in {retryAfter.TotalSeconds:0} s.",
        retryAfter);

    /// <param name="room">The number of images that still fit in the share.</param>
    /// <param name="waiting">The number of images of the key that wait.</param>
    /// <param name="capacity">The value of Inference:MaxQueuedImages.</param>
    /// <param name="requested">The number of images of the request.</param>
    /// <param name="retryAfter">Whole seconds, as in the header Retry-After.</param>
    public static QueueFullException ShareFull(int room, int waiting, int capacity, int requested, TimeSpan retryAfter) => new(
        $"This key has {waiting} images in the queue, and its share has room for {room} more of {capacity} images (Inference:MaxQueuedImages); "
        + $"{requested} were requested. Keys share the queue by weight. Try again in {retryAfter.TotalSeconds:0} s.",
        retryAfter,
        isShare: true);

    /// <param name="needed">Time that the request needs at the measured pace.</param>
    /// <param name="limit">Time limit of the request.</param>
    /// <param name="source">What sets the limit.</param>
    /// <param name="retryAfter">Whole seconds, as in the header Retry-After; null if the request needs as long on an idle service.</param>
    public static DeadlineTooShortException DeadlineTooShort(TimeSpan needed, TimeSpan limit, string source, TimeSpan? retryAfter) => new(
        $"The request needs about {Math.Max(0.001, needed.TotalSeconds):0.###} s at the measured pace; its limit is {limit.TotalSeconds:0.###} s ({source}). "
        + (retryAfter is { } wait
            ? $"Request fewer images, raise the limit, or try again in {wait.TotalSeconds:0} s, when fewer images wait."
            : "Request fewer images, or raise the limit."),
        retryAfter);

    public static ModelNotReadyException Loading() => new("The model is still loading. Try again in a moment.", SoonReady);

    /// <param name="stalled">Time without a completed step.</param>
    /// <param name="restarts">False if other devices serve.</param>
    public static DeviceHangsException DeviceHangs(TimeSpan stalled, bool restarts = true) => new(
        $"The device has hung: no step has completed for {stalled.TotalSeconds:0} s. "
            + (restarts ? "The service restarts; send the request again in a moment." : "Send the request again: other devices serve."), SoonReady);

    public static ModelNotReadyException BulkEnded() => new(
        "Bulk images end when the service shuts down or switches to another model. Submit them again later; their seeds give the same images.", SoonReady);

    public static GenerationFailedException StepFailed(Exception cause) =>
        new("The step that contained this image failed. The service log has the details.", cause);

    public static NotFiniteException NotFinite() => NotFiniteException.Of("coarse logits", position: 17);

    /// <summary>Returns the error of an image that failed alone in its step, for its caller.</summary>
    internal static Exception OfImage(Exception cause) => cause is OutOfDeviceMemoryException or NotFiniteException or GenerationFailedException
        ? cause
        : new GenerationFailedException("This image failed; the others of its step went on. The service log has the details.", cause);

    /// <param name="first">Name of the device where the image failed first; null if there is no other device to start it again.</param>
    internal static GenerationFailedException DeviceFailed(string device, string? first, Exception cause) => new(
        first is null
            ? $"The device {device} failed while it generated this image. The service log has the details."
            : $"The device {device} failed while it generated this image, which had failed on {first} before. The service log has the details.",
        cause);

    /// <param name="bundle">The bundle that is loading.</param>
    public static SwitchInProgressException SwitchInProgress(string bundle) =>
        new($"The bundle '{bundle}' is already loading; only one switch can run at a time. Retry when it completes.");

    /// <param name="bundle">The bundle that could not be loaded.</param>
    /// <param name="serving">Name of the model that keeps serving; null if there is none.</param>
    public static ModelLoadException LoadFailed(string bundle, string? serving, Exception cause) => new(
        $"The bundle '{bundle}' could not be loaded, and {(serving is null ? "no model serves" : $"model '{serving}' keeps serving")}. {LoadReason(cause)}",
        cause);

    /// <summary>
    /// Returns the reason of a failed load for callers. Messages of our own exceptions and of the file system are useful; others might reveal internals.
    /// </summary>
    public static string LoadReason(Exception cause) => ExplainsItself(cause)
        ? cause.Message
        : $"Loading ended with {cause.GetType().Name}. The service log has the details.";

    /// <summary>True if the message of a failed load says what an operator must know; false for a defect, which the log describes with its stack.</summary>
    public static bool ExplainsItself(Exception cause) =>
        cause is CheckpointException or DeviceUnavailableException or IOException or OutOfDeviceMemoryException;
}
