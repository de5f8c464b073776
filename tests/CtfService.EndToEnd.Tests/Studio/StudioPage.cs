using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The page in a tab, as a person uses it, and what it did: complaints of the browser, requests, layout shifts.</summary>
public sealed class StudioPage : IAsyncDisposable
{
    /// <summary>The largest sum of layout shifts (Cumulative Layout Shift) that cannot be seen.</summary>
    private const double MostLayoutShift = 0.01;

    /// <summary>A new request moves the images of older ones down: that is asked for, however late it comes.</summary>
    private const string Note = """
        const isUnexpected = shift => !shift.hadRecentInput && !shift.sources.every(source => isOlderGroup(source.node));
        window.layoutShifts = [];
        window.pictures = [];
        window.previews = new Set();
        const isOlderGroup = node => node?.closest?.(".group") && node.closest(".group") !== document.querySelector(".group");
        new PerformanceObserver(list => list.getEntries().filter(isUnexpected).forEach(shift =>
          window.layoutShifts.push({ value: shift.value, what: shift.sources.map(source => source.node?.outerHTML?.slice(0, 120)).join(", ") })))
          .observe({ type: "layout-shift", buffered: true });
        new MutationObserver(() => document.querySelectorAll("#results img[src^='data:']").forEach(image => window.previews.add(image.src)))
          .observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
        addEventListener("load", () => document.getElementById("results") && import("/studio/app.js").then(({ studio }) =>
          studio.addEventListener("picture", ({ detail }) => window.pictures.push(detail))));
        """;

    /// <summary>The files of the images of the newest request, in their order, as base64.</summary>
    private const string NewestFiles = """
        () => Promise.all([...document.querySelector("#results .group").querySelectorAll("button.picture")].map(async button => {
          const seed = /seed (\d+)/.exec(button.getAttribute("aria-label"))[1];
          const bytes = new Uint8Array(await window.pictures.findLast(picture => picture.seed === seed).file.arrayBuffer());
          return btoa(String.fromCharCode(...bytes));
        }))
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

    /// <summary>Errors and warnings of the console, except for the responses that a test provokes.</summary>
    public IReadOnlyList<string> Complaints =>
        [.. _complaints.Where(text => !text.Contains("the server responded with a status of", StringComparison.Ordinal))];

    public ILocator Classes => Page.Locator("#class-grid [role=option]");

    public ILocator DrawButton => Page.Locator("#bar button[type=submit]");

    /// <summary>The buttons that open finished images; those of the newest request come first.</summary>
    public ILocator Results => Page.Locator("#results button.picture");

    /// <summary>The images of the history dialog, the newest first.</summary>
    public ILocator History => Dialog.Locator("button.thumbnail");

    public ILocator Dialog => Page.Locator("dialog[open]");

    /// <param name="path">The path of the document.</param>
    /// <param name="scripts">Run in every document before its own scripts.</param>
    public static async Task<StudioPage> OpenAsync(IBrowserContext context, string path, params IEnumerable<string> scripts)
    {
        foreach (var script in scripts.Where(script => script.Length > 0).Append(Note))
        {
            await context.AddInitScriptAsync(script);
        }

        var studio = new StudioPage(context, await context.NewPageAsync());
        await studio.Page.GotoAsync(path);
        return studio;
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    public async Task ChooseClass(string name)
    {
        await Page.Locator("#search").FillAsync(name);
        await Classes.Filter(new LocatorFilterOptions { HasTextRegex = new Regex($"^{name}$") }).ClickAsync();
    }

    public async Task SetTemperature(string value)
    {
        await Page.Locator("#settings").EvaluateAsync("settings => settings.open = true"); // closed on a telephone
        await Page.Locator("#set-temperature").FillAsync(value);
    }

    /// <summary>Draws and returns the files of the images in their order.</summary>
    /// <param name="seed">Locked; null to leave the seed as it is.</param>
    /// <param name="whileDrawing">Runs after the button was pressed.</param>
    public async Task<byte[][]> Draw(int count, string? seed = null, Func<Task>? whileDrawing = null)
    {
        await Page.Locator("#set-n").FillAsync($"{count}");
        if (seed is not null)
        {
            await Page.Locator("#set-seed").FillAsync(seed);
        }

        return await Finished(count, async () =>
        {
            await DrawButton.ClickAsync();
            await (whileDrawing?.Invoke() ?? Task.CompletedTask);
        });
    }

    /// <summary>Returns the files of the images that an action draws.</summary>
    public async Task<byte[][]> Finished(int count, Func<Task> action)
    {
        var before = await Results.CountAsync();
        await action();
        await Expect(Results).ToHaveCountAsync(before + count, new LocatorAssertionsToHaveCountOptions { Timeout = 30_000 });
        return [.. (await Page.EvaluateAsync<string[]>(NewestFiles)).Select(Convert.FromBase64String)];
    }

    /// <summary>The number of different previews that the page has shown.</summary>
    public Task<int> PreviewCount() => Page.EvaluateAsync<int>("() => window.previews.size");

    /// <summary>Waits until every class that is in view has its image.</summary>
    public async Task ThumbnailsLoaded()
    {
        await Expect(Classes.First).ToBeVisibleAsync();
        for (var remaining = int.MaxValue; remaining > 0;)
        {
            remaining = await Page.Locator("#class-grid").EvaluateAsync<int>("""
                async grid => {
                  await new Promise(requestAnimationFrame);
                  const view = grid.getBoundingClientRect();
                  const isSeen = box => box.bottom > view.top && box.top < view.bottom;
                  return [...grid.querySelectorAll("[role=option]")]
                    .filter(option => isSeen(option.getBoundingClientRect()) && option.querySelector("img[hidden]")).length;
                }
                """);
        }
    }

    /// <summary>Draws a rectangle on the picture of the edit dialog; places are shares of its width and height.</summary>
    public async Task PaintRectangle(float left, float top, float right, float bottom)
    {
        await Dialog.GetByLabel("Rectangle").CheckAsync();
        var canvas = Dialog.Locator("canvas");
        await canvas.ScrollIntoViewIfNeededAsync();
        var box = (await canvas.BoundingBoxAsync())!;
        await Page.Mouse.MoveAsync(box.X + (left * box.Width) + 1, box.Y + (top * box.Height) + 1);
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync(box.X + (right * box.Width) - 1, box.Y + (bottom * box.Height) - 1);
        await Page.Mouse.UpAsync();
    }

    /// <summary>Drops a file on the page.</summary>
    public Task Drop(string name, string mediaType, byte[] file) => Page.EvaluateAsync("""
        ({ name, mediaType, base64 }) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], name, { type: mediaType }));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }
        """, new { name, mediaType, base64 = Convert.ToBase64String(file) });

    /// <summary>Saves the image of the viewer.</summary>
    /// <param name="format">As on its button.</param>
    public async Task<byte[]> Download(string format)
    {
        var download = await Page.RunAndWaitForDownloadAsync(() => Button($"Download as {format}").ClickAsync());
        return await File.ReadAllBytesAsync(await download.PathAsync());
    }

    /// <summary>Runs a function of a module of the page.</summary>
    /// <param name="script">A function of the module and the argument.</param>
    public Task<T> Call<T>(string module, string script, object? argument = null) =>
        Page.EvaluateAsync<T>($"async argument => {{ const module = await import('/studio/{module}'); return ({script})(module, argument); }}", argument);

    /// <summary>The browser complained about nothing, and nothing has moved by itself.</summary>
    public async Task ShouldBeQuiet()
    {
        Assert.Empty(Complaints);
        var shifts = await Page.EvaluateAsync<LayoutShift[]>("() => window.layoutShifts");
        Assert.True(shifts.Sum(shift => shift.Value) < MostLayoutShift, string.Join("\n", shifts.Select(shift => shift.ToString())));
    }

    /// <summary>Nothing is wider than the screen.</summary>
    public async Task ShouldFit() => Assert.Empty(await Page.EvaluateAsync<string[]>("""
        () => [document.documentElement, ...document.querySelectorAll("#bar, .top, dialog[open]")]
          .filter(part => part.scrollWidth > part.clientWidth + 1)
          .map(part => `${part.outerHTML.slice(0, 80)}: ${part.scrollWidth} > ${part.clientWidth}`)
        """));

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    private sealed record LayoutShift
    {
        public double Value { get; set; }

        public string What { get; set; } = "";
    }
}
