using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Configuration;

/// <summary>Limits of a single request and of the connections. Read once at startup.</summary>
public sealed record LimitsOptions
{
    public const string SectionName = "Limits";

    /// <summary>Room for the form's text fields and for what multipart adds, bytes.</summary>
    internal const int UploadMarginBytes = 64 * 1_024;

    /// <summary>Largest <c>n</c>, the number of images of one request. At most <c>Inference:MaxQueuedImages</c>.</summary>
    [Range(1, 1_000)]
    public int MaxImagesPerRequest { get; init; } = 16;

    /// <summary>Largest guidance scale that a request may set, for either stage.</summary>
    [Range(1.0, 1_000.0)]
    public float MaxGuidanceScale { get; init; } = 20;

    /// <summary>Largest temperature that a request may set, for either stage.</summary>
    [Range(0.0, 1_000.0)]
    public float MaxTemperature { get; init; } = 10;

    /// <summary>Largest JSON request body in bytes. Larger bodies get 413.</summary>
    [Range(1_024, 100 * 1_024 * 1_024)]
    public int MaxRequestBodyBytes { get; init; } = 64 * 1_024;

    /// <summary>
    /// Largest image file in bytes that <c>/v1/images/variations</c> and <c>/v1/images/edits</c> accept; a mask may have as many. Larger files get 413.
    /// </summary>
    [Range(1_024, 100 * 1_024 * 1_024)]
    public int MaxUploadBytes { get; init; } = 10 * 1_024 * 1_024;

    /// <summary>Maximum number of uploads that are received and decoded at the same time. Further uploads get 429.</summary>
    [Range(1, 10_000)]
    public int MaxUploads { get; init; } = 16;

    /// <summary>
    /// Memory in bytes for all uploads that are received and decoded at the same time. Further uploads get 429. At least twice
    /// <c>Limits:MaxUploadBytes</c>, for a picture and its mask, plus 64 KiB.
    /// </summary>
    [Range(65_536.0, 68_719_476_736.0)]
    public long MaxUploadBufferBytes { get; init; } = 64 * 1_024 * 1_024;

    /// <summary>Time in which the body of a request must arrive. Later bodies get 408.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Time in which the client must read a response, or one event of a stream. After that the connection is closed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Memory in bytes for the images of all responses that clients have not read yet. Above it, the connection of the slowest client is closed.
    /// </summary>
    [Range(1_048_576.0, 68_719_476_736.0)]
    public long MaxUnsentBytes { get; init; } = 64 * 1_024 * 1_024;

    /// <summary>
    /// Largest uploaded image in pixels, width times height. Decoding takes seven bytes per pixel, twelve for an edit without a mask, and no more pixels
    /// than this are decoded at the same time.
    /// </summary>
    [Range(1_024, 100_000_000)]
    public int MaxUploadPixels { get; init; } = 16_777_216;

    /// <summary>Maximum total size of the request headers in bytes. Larger headers get 431.</summary>
    [Range(4 * 1_024, 1_024 * 1_024)]
    public int MaxHeaderBytes { get; init; } = 16 * 1_024;

    /// <summary>Maximum number of request headers. More headers get 431.</summary>
    [Range(10, 1_000)]
    public int MaxHeaders { get; init; } = 100;

    /// <summary>Time in which a connection must send its request headers.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Maximum number of open connections. Further connections are closed without a response.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Largest body of an upload, bytes.</summary>
    /// <param name="files">The number of files in it.</param>
    internal long MaxUploadBodyBytes(int files) => ((long)MaxUploadBytes * files) + UploadMarginBytes;
}
