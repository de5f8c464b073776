using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Configuration;

/// <summary>What one request may ask for. Read once at start.</summary>
public sealed record LimitsOptions
{
    public const string SectionName = "Limits";

    /// <summary>Largest <c>n</c>; at most Inference:MaxQueuedImages. 1..1,000, default 16.</summary>
    [Range(1, 1_000)]
    public int MaxImagesPerRequest { get; init; } = 16;

    /// <summary>Largest guidance scale of either stage. 1..1,000, default 20.</summary>
    [Range(1.0, 1_000.0)]
    public float MaxGuidanceScale { get; init; } = 20;

    /// <summary>Largest temperature of either stage. 0..1,000, default 10.</summary>
    [Range(0.0, 1_000.0)]
    public float MaxTemperature { get; init; } = 10;

    /// <summary>Largest request body, bytes. 1 KiB..100 MiB, default 64 KiB.</summary>
    [Range(1_024, 100 * 1_024 * 1_024)]
    public int MaxRequestBodyBytes { get; init; } = 64 * 1_024;

    /// <summary>Largest uploaded image file, bytes. 1 KiB..100 MiB, default 10 MiB.</summary>
    [Range(1_024, 100 * 1_024 * 1_024)]
    public int MaxUploadBytes { get; init; } = 10 * 1_024 * 1_024;

    /// <summary>Uploads that are received and decoded at the same time; further ones are answered 429. 1..10,000, default 16.</summary>
    [Range(1, 10_000)]
    public int MaxUploads { get; init; } = 16;

    /// <summary>
    /// Memory of all uploads that are received and decoded at the same time, bytes; further ones are answered 429. At least MaxUploadBytes + 64 KiB.
    /// 64 KiB..64 GiB, default 64 MiB.
    /// </summary>
    [Range(65_536.0, 68_719_476_736.0)]
    public long MaxUploadBufferBytes { get; init; } = 64 * 1_024 * 1_024;

    /// <summary>How long the body of a request may take to come; later it is answered 408. 1 s..10 min, default 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a caller may take to read an answer, or an event of a stream; later the connection is ended. 1 s..10 min, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Memory of the pictures whose answers wait for their readers, bytes; above it the slowest reader's connection is ended. 1 MiB..64 GiB, default 64 MiB.
    /// </summary>
    [Range(1_048_576.0, 68_719_476_736.0)]
    public long MaxUnsentBytes { get; init; } = 64 * 1_024 * 1_024;

    /// <summary>
    /// Largest uploaded image, width times height; decoding takes seven bytes a pixel, and no more pixels than this are decoded at the same time.
    /// 1,024..100,000,000, default 16,777,216.
    /// </summary>
    [Range(1_024, 100_000_000)]
    public int MaxUploadPixels { get; init; } = 16_777_216;

    /// <summary>Largest request headers, all together, bytes; larger ones are answered 431. 4 KiB..1 MiB, default 16 KiB.</summary>
    [Range(4 * 1_024, 1_024 * 1_024)]
    public int MaxHeaderBytes { get; init; } = 16 * 1_024;

    /// <summary>Most header fields of a request; more are answered 431. 10..1,000, default 100.</summary>
    [Range(10, 1_000)]
    public int MaxHeaders { get; init; } = 100;

    /// <summary>How long a connection may take to send its request headers. 1 s..5 min, default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Connections open at once; further ones are closed unanswered. 1..1,000,000, default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; init; } = 10_000;
}
