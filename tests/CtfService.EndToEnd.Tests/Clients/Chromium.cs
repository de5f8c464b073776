using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>The browser of this machine: the one that Playwright would download for itself is not needed.</summary>
internal static class Chromium
{
    public static string? Path { get; } = InstalledProgram.Find("chromium", "chromium-browser", "google-chrome", "chrome");

    /// <summary>What to do about it; null where there is one.</summary>
    public static string? Missing => Path is null ? "There is no Chromium on the search path. Install it, on Debian with: apt-get install chromium" : null;
}

/// <summary>Skipped, with the reason, where there is no Chromium and the gate does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = InstalledProgram.MustBeThere ? null : Chromium.Missing;
}
