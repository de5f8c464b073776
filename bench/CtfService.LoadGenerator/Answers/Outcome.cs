using System.Text.Json;

namespace CtfService.LoadGenerator.Answers;

/// <summary>How a request ended; each ends once.</summary>
public enum Outcome
{
    /// <summary>The expected images, or a list.</summary>
    Ok,

    /// <summary>The 4xx that a bad request must get.</summary>
    BadRequestRefused,

    /// <summary>429 with <c>Retry-After</c>.</summary>
    Overloaded,

    /// <summary>504 of a request that has a time limit.</summary>
    DeadlineExceeded,

    /// <summary>503 with <c>Retry-After</c>.</summary>
    Unavailable,

    /// <summary>The caller hung up before the end of the answer, as planned.</summary>
    HungUp,

    /// <summary>The connection could not be made, or broke.</summary>
    ConnectionError,

    /// <summary>Another status than the documented ones.</summary>
    WrongStatus,

    /// <summary>Images other than those that the request gives alone, or too few or too many.</summary>
    WrongBytes,

    /// <summary>An image that cannot be decoded, a stream that breaks off, or JSON that is not valid.</summary>
    Undecodable,

    /// <summary>No whole answer in the longest time that the generator waits.</summary>
    Unanswered,
}

/// <summary>Which outcomes are faults of the service.</summary>
public static class Outcomes
{
    /// <summary>All outcomes in order.</summary>
    public static IReadOnlyList<Outcome> All { get; } = Enum.GetValues<Outcome>();

    public static bool IsWrong(this Outcome outcome) => outcome >= Outcome.ConnectionError;

    /// <summary>Returns the name in reports, such as <c>wrong_bytes</c>.</summary>
    public static string Name(this Outcome outcome) => JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString());
}

/// <summary>What a request got.</summary>
/// <param name="Detail">What is wrong; null if nothing is.</param>
/// <param name="RetryAfter">Of a refusal.</param>
/// <param name="Code">Code of the error of a refusal.</param>
/// <param name="Images">Right images.</param>
public sealed record Answer(Outcome Outcome, string? Detail = null, TimeSpan? RetryAfter = null, string? Code = null, int Images = 0);
