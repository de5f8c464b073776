namespace CtfService.Api.Studio;

/// <summary>The page for people. Read once at startup.</summary>
public sealed record StudioOptions
{
    public const string SectionName = "Studio";

    /// <summary>Serves the page at <c>/</c>. If false, <c>/</c> leads to <c>/swagger</c>.</summary>
    public bool Enabled { get; init; } = true;
}
