namespace CtfService.Inference.Telemetry;

/// <summary>Names of the stages of an image in metrics and traces: a closed set.</summary>
public static class StageNames
{
    /// <summary>Time from admission to the start.</summary>
    public const string Queue = "queue";

    public const string Coarse = "coarse";

    /// <summary>Replaces the coarse stage for an uploaded picture.</summary>
    public const string VqEncode = "vq_encode";

    public const string Fine = "fine";

    public const string VqDecode = "vq_decode";

    /// <summary>Encoding of the pixels as a PNG, JPEG or WebP file.</summary>
    public const string Encode = "encode";
}
