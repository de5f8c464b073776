using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests;

/// <summary>Creates metrics for components that are tested alone.</summary>
internal static class Measured
{
    public static InferenceMetrics By(TestMeters meters, TimeProvider clock, InferenceOptions options) =>
        new(meters, new InFlightImages(clock), options.MaxQueuedImages);
}
