using CtfService.TestSupport;
using Microsoft.Playwright;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>Swagger UI in a real Chromium, under the page's Content-Security-Policy: what a person sees who explores the API.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class SwaggerPageTests(GuardedService service) : IAsyncLifetime
{
    /// <summary>Set to 1, the picture in docs/ is taken anew.</summary>
    private const string UpdateVariable = "CTF_UPDATE_SCREENSHOT";

    private readonly List<string> _complaints = [];
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null && !InstalledProgram.MustBeThere)
        {
            return; // the tests are skipped
        }

        Assert.True(Chromium.Path is not null, Chromium.Missing);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path });
        _page = await _browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1100, Height = 1000 } });
        _page.Console += (_, message) => _complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        _page.PageError += (_, error) => _complaints.Add(error);
        await _page.GotoAsync(new Uri(service.Client.BaseAddress!, "/swagger").ToString());
    }

    public async Task DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
    }

    [ChromiumFact]
    public async Task Generations_AuthorisedAndTriedOutAsPng_ShowsTheImage()
    {
        await Authorise();
        var generate = await Open("GenerateImages");
        await generate.Locator("textarea.body-param__text").FillAsync("""{"class_label": "banana", "seed": 7}""");
        await generate.GetByLabel("Response content type").Or(generate.Locator(".response-control-media-type select")).First.SelectOptionAsync("image/png");

        await Execute(generate);

        var image = generate.Locator(".live-responses-table img");
        var pixels = await image.EvaluateAsync<int[]>("async image => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }");
        Assert.Equal((64, 64), (pixels[0], pixels[1]));
        Assert.Empty(_complaints);
        await TakePicture(generate);
    }

    private async Task Authorise()
    {
        await _page.Locator(".auth-wrapper .authorize").ClickAsync();
        await _page.Locator("#auth-bearer-value").FillAsync(GuardedService.Key);
        await _page.Locator(".modal-ux form").First.Locator("button.authorize").ClickAsync();
        await _page.Locator(".modal-ux .btn-done").First.ClickAsync();
    }

    private async Task<ILocator> Open(string operation)
    {
        var block = _page.Locator($"[id$='-{operation}']");
        await block.Locator(".opblock-summary-control").ClickAsync();
        return block;
    }

    private static async Task Execute(ILocator operation)
    {
        await operation.Locator("button.execute").ClickAsync();
        var status = operation.Locator(".live-responses-table .response-col_status").Last;
        Assert.StartsWith("200", await status.InnerTextAsync(), StringComparison.Ordinal);
    }

    private static async Task TakePicture(ILocator operation)
    {
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            await operation.ScreenshotAsync(new LocatorScreenshotOptions { Path = Path.Combine(RepositoryFolder.Root, "docs", "swagger.png") });
        }
    }
}
