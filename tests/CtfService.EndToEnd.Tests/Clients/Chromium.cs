using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>The Chromium of this machine, used in place of the one that Playwright would download.</summary>
internal static class Chromium
{
    public static string? Path { get; } = InstalledProgram.Find("chromium", "chromium-browser", "google-chrome", "chrome");

    /// <summary>How to install it; null if it is installed.</summary>
    public static string? Missing => Path is null ? "Chromium is not on the search path. Install it, on Debian with: apt-get install chromium" : null;
}

/// <summary>Skipped with the reason if Chromium is missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = InstalledProgram.IsRequired ? null : Chromium.Missing;
}

/// <inheritdoc cref="ChromiumFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    public ChromiumTheoryAttribute() => Skip = InstalledProgram.IsRequired ? null : Chromium.Missing;
}
