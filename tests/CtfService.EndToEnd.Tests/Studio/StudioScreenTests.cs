using CtfService.EndToEnd.Tests.Clients;
using CtfService.TestSupport;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The page while it is used for a while, as the documents show it: nothing moves, nothing is cut off.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioScreenTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    /// <summary>Environment variable; 1 updates the screenshots in docs/.</summary>
    private const string UpdateVariable = "CTF_UPDATE_SCREENSHOT";

    [ChromiumTheory]
    [InlineData("studio.png", false, false)]
    [InlineData("studio-phone.png", true, true)]
    public async Task Page_SeveralRequests_ShowsTheirImagesWithoutMoving(string screenshot, bool isPhone, bool isDark)
    {
        await using var studio = await browser.OpenAsync(service, (isPhone ? Screen.Phone : new Screen(1280, 800)) with { IsDark = isDark });
        await studio.ThumbnailsLoaded();
        await studio.ChooseClass("banana");
        await studio.Draw(count: 4, seed: "12");
        await studio.ChooseClass("orange");
        await studio.Draw(count: 4, seed: "3");
        await studio.ChooseClass("pineapple");
        await studio.Draw(count: 4, seed: "21");
        await studio.ThumbnailsLoaded();
        await studio.Page.Locator("#search").FillAsync("");
        await studio.Page.Locator("#search").BlurAsync();
        await studio.ThumbnailsLoaded();

        await Expect(studio.Results).ToHaveCountAsync(12);
        await studio.ShouldBeQuiet();
        await studio.ShouldFit();
        await TakePicture(studio, screenshot);
    }

    [ChromiumTheory]
    [InlineData(320)]
    [InlineData(720)]
    [InlineData(900)]
    [InlineData(1100)]
    public async Task Page_AnyWidth_FitsWithoutMoving(int width)
    {
        await using var studio = await browser.OpenAsync(service, new Screen(width, 800));
        await studio.ChooseClass("banana");

        await studio.Draw(count: 1, seed: "12");

        await studio.ShouldFit();
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task EditDialog_PartPainted_ShowsItsPositions()
    {
        await using var studio = await browser.OpenAsync(service, new Screen(1280, 800, IsDark: true));
        await studio.ThumbnailsLoaded();
        await studio.ChooseClass("banana");
        await studio.Draw(count: 4, seed: "12");
        await studio.Results.First.ClickAsync();
        await studio.Button("Edit a part").ClickAsync();
        await studio.Dialog.GetByLabel("Show the positions").CheckAsync();

        await studio.PaintRectangle(0.52f, 0.55f, 0.95f, 0.97f);

        await Expect(studio.Dialog.Locator(".summary")).ToHaveTextAsync("18 % is drawn anew: 16 of 64 positions.");
        await studio.ShouldFit();
        await TakePicture(studio, "studio-edit.png");
    }

    private static Task TakePicture(StudioPage studio, string name) => Environment.GetEnvironmentVariable(UpdateVariable) == "1"
        ? studio.Page.ScreenshotAsync(new PageScreenshotOptions { Path = RepositoryFolder.File("docs", name) })
        : Task.CompletedTask;
}
