namespace CtfService.LoadGenerator.Requests;

/// <summary>A request of the catalogue, serialized once, with what its right answer is.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Form">Form of the right answer.</param>
public sealed record LoadRequest(RequestKind Kind, string Name, HttpMethod Method, string Path, AnswerForm Form)
{
    /// <summary>Empty without a body.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Media type of the body.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>Null to send no <c>Accept</c>.</summary>
    public string? Accept { get; init; }

    /// <summary>Images of the right answer.</summary>
    public int Images { get; init; }

    /// <summary>Status of the right answer.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Time limit that the request names in a header, after which 504 is right; null without one.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>SHA-256 of each image, one after another; empty until the expected images are drawn.</summary>
    public ReadOnlyMemory<byte> Expected { get; init; }

    public bool DrawsImages => Images > 0;
}
