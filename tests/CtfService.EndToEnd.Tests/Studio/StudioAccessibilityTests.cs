using CtfService.Core.Generation;
using CtfService.EndToEnd.Tests.Clients;
using CtfService.Model.Imaging;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>axe-core finds nothing in any state of the page, dark and light, on a desktop and on a telephone; and everything works without a mouse.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioAccessibilityTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    [AccessibilityTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Page_InEveryState_HasNoProblems(bool isPhone)
    {
        await using var studio = await browser.OpenAsync(service, isPhone ? Screen.Phone : Screen.Desktop);
        var problems = new List<string>();

        async Task Check(string state) => problems.AddRange(await Axe.ProblemsAsync(studio.Page, state));

        await studio.ChooseClass("banana");
        await studio.ThumbnailsLoaded();
        await Check("start");
        await studio.Draw(count: 2, seed: "12");
        await Check("results");
        await studio.Results.First.ClickAsync();
        await studio.Dialog.GetByText("As code").ClickAsync();
        await Check("viewer");
        await studio.Button("Edit a part").ClickAsync();
        await studio.PaintRectangle(0.2f, 0.2f, 0.6f, 0.6f);
        await studio.Dialog.Locator(".check input").CheckAsync();
        await Check("mask");
        await studio.Page.Keyboard.PressAsync("Escape");
        await studio.Drop("black.png", "image/png", ImageCodec.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), ImageFormat.Png));
        await Expect(studio.Dialog).ToBeVisibleAsync();
        await Check("dropped file");
        await studio.Page.Keyboard.PressAsync("Escape");
        await studio.SetTemperature("40");
        await studio.DrawButton.ClickAsync();
        await Expect(studio.Page.GetByText("temperature is 40").First).ToBeVisibleAsync();
        await Check("error");
        await studio.Page.EvaluateAsync("() => sessionStorage.clear()");
        await studio.DrawButton.ClickAsync();
        await Expect(studio.Dialog).ToContainTextAsync("API key");
        await Check("key");

        Assert.Empty(problems);
        Assert.Empty(studio.Complaints);
    }

    [ChromiumFact]
    public async Task Keyboard_Alone_ChoosesDrawsOpensAndPaints()
    {
        await using var studio = await browser.OpenAsync(service);
        var keyboard = studio.Page.Keyboard;
        await studio.Page.GetByLabel("Search classes").FocusAsync();
        await keyboard.TypeAsync("pineapple");
        await keyboard.PressAsync("Enter");
        await studio.Finished(4, () => keyboard.PressAsync("Enter"));
        await studio.Results.First.FocusAsync();
        await keyboard.PressAsync("Enter");
        var first = await studio.Dialog.GetByRole(AriaRole.Heading).First.TextContentAsync();
        await keyboard.PressAsync("ArrowRight");
        await Expect(studio.Dialog.GetByRole(AriaRole.Heading).First).Not.ToHaveTextAsync(first!);
        await studio.Button("Edit a part").FocusAsync();
        await keyboard.PressAsync("Enter");

        await Expect(studio.Dialog.Locator("canvas")).ToBeFocusedAsync();
        foreach (var key in (string[])["r", "Shift+ArrowRight", "Shift+ArrowDown", "r"])
        {
            await keyboard.PressAsync(key);
        }

        await Expect(studio.Dialog.Locator(".summary")).ToHaveTextAsync("2 % is drawn anew: 1 of 64 positions.");
        await keyboard.PressAsync("i");
        await Expect(studio.Dialog.Locator(".summary")).ToHaveTextAsync("98 % is drawn anew: 63 of 64 positions.");
        await keyboard.PressAsync("Control+z");
        await Expect(studio.Dialog.Locator(".summary")).ToHaveTextAsync("2 % is drawn anew: 1 of 64 positions.");
        await Expect(studio.Button("Draw this part")).ToBeEnabledAsync();
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Dialog_Closed_GivesTheFocusBack()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Draw(count: 1, seed: "12");
        await studio.Results.First.FocusAsync();
        await studio.Page.Keyboard.PressAsync("Enter");
        await Expect(studio.Dialog).ToBeVisibleAsync();

        await studio.Page.Keyboard.PressAsync("Escape");

        await Expect(studio.Results.First).ToBeFocusedAsync();
    }
}
