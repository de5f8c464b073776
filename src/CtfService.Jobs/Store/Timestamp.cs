namespace CtfService.Jobs.Store;

/// <summary>Times as the tables keep them: milliseconds since 1970 in UTC.</summary>
internal static class Timestamp
{
    public static DateTimeOffset Of(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? Of(long? milliseconds) => milliseconds is { } known ? Of(known) : null;

    public static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}
