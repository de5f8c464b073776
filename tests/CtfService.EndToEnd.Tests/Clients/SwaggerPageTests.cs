using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using Microsoft.Playwright;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>Swagger UI in a real Chromium, under the page's Content-Security-Policy.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class SwaggerPageTests(GuardedService service, ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>Environment variable; 1 updates the screenshot in docs/.</summary>
    private const string UpdateVariable = "CTF_UPDATE_SCREENSHOT";

    private readonly List<string> _complaints = [];
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null && !InstalledProgram.IsRequired)
        {
            return; // the tests are skipped
        }

        Assert.True(Chromium.Path is not null, Chromium.Missing);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path });
        _page = await _browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1100, Height = 1000 } });
        _page.SetDefaultTimeout(10_000);
        _page.Console += (_, message) => _complaints.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        _page.PageError += (_, error) => _complaints.Add(error);
        await _page.GotoAsync(new Uri(service.Client.BaseAddress!, "/swagger").ToString());
    }

    public async Task DisposeAsync()
    {
        _complaints.ForEach(output.WriteLine);
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
    }

    [ChromiumFact]
    public async Task Generations_AuthorisedAndTriedOutAsPng_ShowsTheImage()
    {
        await Authorise();

        var generate = await TryOutGenerate("""{"class_label": "banana", "n": 8, "seed": 12}""", "image/png");

        var image = generate.Locator(".live-responses-table img");
        var pixels = await image.EvaluateAsync<int[]>("async image => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }");
        Assert.Equal((196, 196), (pixels[0], pixels[1]));
        Assert.Empty(_complaints);
        await TakePicture(generate);
    }

    [ChromiumFact]
    public async Task Generations_FirstExecute_ShowsTheImageWithoutAnyChoice()
    {
        await Authorise();
        var generate = await Open("GenerateImages");

        await Execute(generate);

        await Expect(generate.Locator(".live-responses-table img")).ToBeVisibleAsync();
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Generations_Classes_AreInADropDownList()
    {
        await Authorise();
        var generate = await Open("GenerateImages");

        await generate.Locator(".examples-select select").First.SelectOptionAsync("pineapple");
        await Execute(generate);

        Assert.Contains("\"class_label\": \"pineapple\"", await generate.Locator("textarea.body-param__text").InputValueAsync(), StringComparison.Ordinal);
        await Expect(generate.Locator(".live-responses-table img")).ToBeVisibleAsync();
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Page_Locks_MarkOperationsThatNeedAKey()
    {
        await Expect(_page.Locator("[id$='-GenerateImages'] button.authorization__btn")).ToHaveCountAsync(1);
        await Expect(_page.Locator("[id$='-Live'] button.authorization__btn")).ToHaveCountAsync(0);
    }

    [ChromiumFact]
    public async Task Generations_TriedOutAsAStream_ShowsItsEvents()
    {
        await Authorise();

        var generate = await TryOutGenerate("""{"class_label": "banana", "stream": true, "partial_images": 1}""", "text/event-stream");

        var answer = await generate.Locator(".live-responses-table .response-col_description").Last.InnerTextAsync();
        Assert.Contains("event: image_generation.partial_image", answer, StringComparison.Ordinal);
        Assert.Contains("event: image_generation.completed", answer, StringComparison.Ordinal);
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Variations_OnlyAFileChosen_ShowsTheImage()
    {
        var picture = ImageCodec.Encode(new RgbImage(64, 64, new byte[64 * 64 * 3]), ImageFormat.Png);
        await Authorise();
        var vary = await Open("VaryImage");
        await vary.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "slope.png", MimeType = "image/png", Buffer = picture });
        await Take(vary, "image/webp");

        await Execute(vary);

        await Expect(vary.Locator(".live-responses-table img")).ToBeVisibleAsync();
        Assert.Empty(_complaints);
    }

    [ChromiumFact]
    public async Task Edits_TransparentPictureAndPrompt_ShowTheImage()
    {
        var picture = PngPicture.Mask(64, 64, (x, _) => x < 32);
        await Authorise();
        var edit = await Open("EditImage");
        await edit.Locator("input[type=file]").First.SetInputFilesAsync(new FilePayload { Name = "half.png", MimeType = "image/png", Buffer = picture });
        await edit.Locator("tr[data-property-name=prompt] input[type=text]").FillAsync("banana");
        await Take(edit, "image/webp");

        await Execute(edit);

        await Expect(edit.Locator(".live-responses-table img")).ToBeVisibleAsync();
        Assert.Empty(_complaints);
    }

    private async Task Authorise()
    {
        await _page.Locator(".auth-wrapper .authorize").ClickAsync();
        await _page.Locator("#auth-bearer-value").FillAsync(GuardedService.Key);
        await _page.Locator(".modal-ux form").First.Locator("button.authorize").ClickAsync();
        await _page.Locator(".modal-ux .btn-done").First.ClickAsync();
    }

    private async Task<ILocator> TryOutGenerate(string body, string mediaType)
    {
        var generate = await Open("GenerateImages");
        await generate.Locator("textarea.body-param__text").FillAsync(body);
        await Take(generate, mediaType);
        await Execute(generate);
        return generate;
    }

    private async Task<ILocator> Open(string operation)
    {
        var block = _page.Locator($"[id$='-{operation}']");
        await block.Locator(".opblock-summary-control").ClickAsync();
        return block;
    }

    /// <summary>The Accept header that the page will send.</summary>
    private static async Task Take(ILocator operation, string mediaType) =>
        await operation.Locator(".response-control-media-type--accept-controller select").SelectOptionAsync(mediaType);

    private static async Task Execute(ILocator operation)
    {
        await operation.Locator("button.execute").ClickAsync();
        var answer = operation.Locator(".live-responses-table tbody .response");
        var status = await answer.Locator(".response-col_status").InnerTextAsync();
        Assert.True(status.StartsWith("200", StringComparison.Ordinal), await answer.InnerTextAsync());
    }

    /// <summary>The screenshot covers the operation from its heading to its response, without the list of other responses.</summary>
    private async Task TakePicture(ILocator operation)
    {
        if (Environment.GetEnvironmentVariable(UpdateVariable) != "1")
        {
            return;
        }

        var scrolled = await _page.EvaluateAsync<float>("window.scrollY");
        var top = (await operation.BoundingBoxAsync())!;
        var answer = (await operation.Locator(".live-responses-table").BoundingBoxAsync())!;
        await _page.ScreenshotAsync(new PageScreenshotOptions
        {
            Path = RepositoryFolder.File("docs", "swagger.png"),
            FullPage = true,
            Clip = new Clip { X = top.X, Y = scrolled + top.Y, Width = top.Width, Height = answer.Y + answer.Height - top.Y },
        });
    }
}
