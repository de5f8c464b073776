using CtfService.EndToEnd.Tests.Clients;
using CtfService.TestSupport;
using Microsoft.Playwright;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>axe-core, which finds what hinders people with screen readers, poor sight or no mouse.</summary>
internal static class Axe
{
    private const string Run = """
        async state => {
          const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
          return violations.flatMap(({ id, impact, nodes }) => nodes.map(node => `${state}: ${id} (${impact}) ${node.target}: ${node.failureSummary}`));
        }
        """;

    public static NodeProject Project { get; } = new("Accessibility", "axe-core");

    private static string Script => File.ReadAllText(Path.Combine(Project.Folder, "node_modules", "axe-core", "axe.min.js"));

    /// <summary>Returns everything that it finds in the light and in the dark colours.</summary>
    /// <param name="state">What the page shows, for the messages.</param>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(IPage page, string state)
    {
        var problems = new List<string>();
        await page.EvaluateAsync(Script);
        foreach (var scheme in (ColorScheme[])[ColorScheme.Dark, ColorScheme.Light])
        {
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
            problems.AddRange(await page.EvaluateAsync<string[]>(Run, $"{state}, {scheme}"));
        }

        return problems;
    }
}

/// <summary>Skipped with the reason if Chromium or axe-core is missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AccessibilityTheoryAttribute : TheoryAttribute
{
    public AccessibilityTheoryAttribute() => Skip = InstalledProgram.IsRequired ? null : Chromium.Missing ?? Axe.Project.Missing;
}
