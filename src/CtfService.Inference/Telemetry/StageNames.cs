using CtfService.Core.Generation;

namespace CtfService.Inference.Telemetry;

/// <summary>Stages of an image, as metrics and traces call them: a closed set.</summary>
public static class StageNames
{
    /// <summary>From admission to the start.</summary>
    public const string Queue = "queue";

    public const string Coarse = "coarse";

    /// <summary>In place of the coarse stage for a picture that the caller sent.</summary>
    public const string VqEncode = "vq_encode";

    public const string Fine = "fine";

    public const string VqDecode = "vq_decode";

    /// <summary>Pixels to a PNG, JPEG or WebP file.</summary>
    public const string Encode = "encode";

    /// <summary>The stages that an image went through in the generator, in order.</summary>
    internal static IEnumerable<(string Name, TimeSpan Elapsed)> Of(GeneratedImage image)
    {
        var (layout, timings) = (image.Specification.Layout, image.Timings);
        if (layout is not LayoutSource.Given)
        {
            yield return (layout is LayoutSource.Encoded ? VqEncode : Coarse, timings.Coarse);
        }

        if (timings.Fine > TimeSpan.Zero)
        {
            yield return (Fine, timings.Fine);
        }

        yield return (VqDecode, timings.VqDecode);
    }
}
