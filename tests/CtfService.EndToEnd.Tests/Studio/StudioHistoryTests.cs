using CtfService.EndToEnd.Tests.Clients;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The images of the session stay in the browser.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioHistoryTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    [ChromiumFact]
    public async Task Reload_ImagesDrawn_AreStillThereWithTheirSettings()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        var drawn = await studio.Draw(count: 2, seed: "18446744073709551615");

        await studio.Page.ReloadAsync();

        await studio.Button("History").ClickAsync();
        await Expect(studio.History).ToHaveCountAsync(2);
        await studio.History.First.ClickAsync();
        await Expect(studio.Dialog.Last).ToContainTextAsync("banana, seed 18446744073709551615");
        Assert.Equal(drawn[0], await studio.Download("PNG"));
    }

    [ChromiumFact]
    public async Task Clear_ImagesDrawn_AreGoneAfterAReload()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Draw(count: 1, seed: "12");

        await studio.Button("History").ClickAsync();
        await studio.Button("Clear history").ClickAsync();
        await Expect(studio.History).ToHaveCountAsync(0);
        await studio.Page.ReloadAsync();

        await studio.Button("History").ClickAsync();
        await Expect(studio.Dialog).ToContainTextAsync("Images that you draw stay here");
        await Expect(studio.History).ToHaveCountAsync(0);
    }

    [ChromiumFact]
    public async Task Browser_ThatKeepsNothing_StillDraws()
    {
        await using var studio = await browser.OpenAsync(service, init: "Object.defineProperty(window, 'indexedDB', { value: undefined })");
        await studio.ChooseClass("banana");

        await studio.Draw(count: 1, seed: "12");

        await studio.Button("History").ClickAsync();
        await Expect(studio.History).ToHaveCountAsync(1);
        Assert.Empty(studio.Complaints);
    }

    [ChromiumFact]
    public async Task Compare_TwoImages_ShowsThemSideBySideAndWithASlider()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Draw(count: 2, seed: "12");
        await studio.Button("History").ClickAsync();
        await studio.Dialog.GetByRole(AriaRole.Checkbox).First.CheckAsync();
        await studio.Dialog.GetByRole(AriaRole.Checkbox).Last.CheckAsync();

        await studio.Button("Compare 2 images").ClickAsync();
        await Expect(studio.Dialog.Last.Locator("figure img")).ToHaveCountAsync(2);
        await studio.Dialog.Last.GetByLabel("with a slider").CheckAsync();
        await studio.Dialog.Last.Locator("input[type=range]").FocusAsync();
        await studio.Page.Keyboard.PressAsync("End");

        Assert.Equal(
            "inset(0px 0% 0px 0px)",
            await studio.Dialog.Last.Locator(".stack img").Last.EvaluateAsync<string>("image => getComputedStyle(image).clipPath"));
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Store_MoreThanItHolds_KeepsTheNewest()
    {
        await using var studio = await browser.OpenModulesAsync(service);

        var kept = await studio.Call<int[]>("history-store.js", """
            ({ newestThatFit }) => [
              newestThatFit(Array.from({ length: 300 }, () => ({ file: { size: 1 } }))).length,
              newestThatFit(Array.from({ length: 9 }, () => ({ file: { size: 1e7 }, source: { file: { size: 1e7 }, mask: { size: 1 } } }))).length,
              newestThatFit([{ file: { size: 1e9 } }]).length,
            ]
            """);

        Assert.Equal([200, 3, 1], kept);
    }
}
