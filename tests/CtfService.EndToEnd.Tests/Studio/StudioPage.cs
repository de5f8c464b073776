using Microsoft.Playwright;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The page in a tab, and what it did: complaints of the browser, requests, layout shifts.</summary>
public sealed class StudioPage : IAsyncDisposable
{
    private const string NoteLayoutShifts = """
        window.layoutShifts = [];
        new PerformanceObserver(list => list.getEntries().filter(shift => !shift.hadRecentInput).forEach(shift =>
          window.layoutShifts.push(`${shift.value} ${shift.sources.map(source => source.node?.outerHTML?.slice(0, 120)).join(", ")}`)))
          .observe({ type: "layout-shift", buffered: true });
        """;

    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    private StudioPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.SetDefaultTimeout(20_000);
        page.Console += (_, message) => _complaints.AddRange(message.Type is "error" or "warning" ? [$"{message.Text} ({message.Location})"] : []);
        page.PageError += (_, error) => _complaints.Add(error);
        page.Request += (_, request) => Requests.Add(request);
    }

    public IPage Page { get; }

    public List<IRequest> Requests { get; } = [];

    /// <summary>Errors and warnings of the console, except for the answers that a test provokes.</summary>
    public IReadOnlyList<string> Complaints =>
        [.. _complaints.Where(text => !text.Contains("the server responded with a status of", StringComparison.Ordinal))];

    /// <summary>The finished images on the page, the newest first.</summary>
    public ILocator Results => Page.Locator("#results [data-picture]");

    public ILocator DrawButton => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Draw", Exact = true });

    public ILocator Dialog => Page.Locator("dialog[open]");

    public ILocator Status => Page.Locator("#say");

    public static async Task<StudioPage> OpenAsync(IBrowserContext context, string? key)
    {
        await context.AddInitScriptAsync(NoteLayoutShifts);
        if (key is not null)
        {
            await context.AddInitScriptAsync($"sessionStorage.setItem('ctf-key', '{key}')");
        }

        var studio = new StudioPage(context, await context.NewPageAsync());
        await studio.Page.GotoAsync("/");
        return studio;
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    /// <summary>Runs a function of a module of the page.</summary>
    public Task<T> Call<T>(string module, string script, object? argument = null) =>
        Page.EvaluateAsync<T>($"async argument => {{ const module = await import('/studio/{module}'); return ({script})(module, argument); }}", argument);

    public async Task ShouldBeQuiet()
    {
        var shifts = await Page.EvaluateAsync<string[]>("() => window.layoutShifts");
        Assert.Empty(Complaints);
        Assert.Empty(shifts);
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
