using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.EndToEnd.Tests.Clients;
using CtfService.Model.Imaging;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>A part of a picture is painted and drawn anew; the rest stays.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioEditTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    [ChromiumFact]
    public async Task Edit_PaintedByMouse_KeepsWhatIsNotPainted()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        var original = (await studio.Draw(count: 1, seed: "12"))[0];
        await studio.Results.First.ClickAsync();
        await studio.Button("Edit a part").ClickAsync();
        await studio.PaintRectangle(0, 0, 0.5f, 1);
        await Expect(studio.Dialog.Locator(".summary")).ToContainTextAsync("50 % is drawn anew: 32 of 64 positions");
        await studio.Dialog.GetByLabel("Class").FillAsync("pineapple");
        await studio.Dialog.GetByLabel("Seed").FillAsync("7");
        await studio.Dialog.GetByLabel("Candidates").FillAsync("1");

        var edited = (await studio.Finished(1, () => studio.Button("Draw this part").ClickAsync()))[0];

        var (before, after) = (ImageCodec.Decode(original), ImageCodec.Decode(edited));
        Assert.Equal(Columns(before, 32, 64), Columns(after, 32, 64));
        Assert.NotEqual(Columns(before, 0, 32), Columns(after, 0, 32));
        Assert.Equal(("pineapple", 7UL, null), (Provenance(edited).ClassLabel, Provenance(edited).Seed, Provenance(edited).Kept!.Candidates));
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Download_EditInAnotherFormat_IsTheSameEdit()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.Drop("black.png", "image/png", ImageCodec.Encode(new RgbImage(100, 80, new byte[100 * 80 * 3]), ImageFormat.Png));
        await studio.Button("Edit a part").ClickAsync();
        await studio.PaintRectangle(0.25f, 0.25f, 0.75f, 0.75f);
        await studio.Dialog.GetByLabel("Class").FillAsync("kiwi");
        var png = (await studio.Finished(1, () => studio.Button("Draw this part").ClickAsync()))[0];
        await studio.Results.First.ClickAsync();

        var webp = await studio.Download("WebP");

        Assert.Equal(ImageFormat.Webp, ImageFile.Recognize(webp));
        Assert.Equal(("kiwi", LayoutOrigin.Edited, Provenance(png).Seed), (Provenance(webp).ClassLabel, Provenance(webp).Layout, Provenance(webp).Seed));
        Assert.Equal((4, 4), (Provenance(png).Kept!.Candidates, Provenance(webp).Kept!.Candidates));
        Assert.Equal(new byte[3], ImageCodec.Decode(png).Pixels[..3].ToArray()); // the corner is kept
    }

    [ChromiumFact]
    public async Task Extend_AllSides_DrawsTheBorder()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Draw(count: 1, seed: "12");
        await studio.Results.First.ClickAsync();
        await studio.Button("Edit a part").ClickAsync();
        await studio.Button("Extend").ClickAsync();
        await Expect(studio.Dialog.Locator(".summary")).ToContainTextAsync("56 % is drawn anew");

        var extended = (await studio.Finished(1, () => studio.Button("Draw this part").ClickAsync()))[0];

        Assert.Equal(LayoutOrigin.Edited, Provenance(extended).Layout);
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Paint_ByTouch_PaintsWhereItIsTouched()
    {
        await using var studio = await browser.OpenAsync(service, Screen.Phone);
        await studio.Drop("black.png", "image/png", ImageCodec.Encode(new RgbImage(64, 64, new byte[64 * 64 * 3]), ImageFormat.Png));
        await studio.Button("Edit a part").TapAsync();
        var canvas = studio.Dialog.Locator("canvas");
        await Expect(studio.Button("Draw this part")).ToBeDisabledAsync();

        await canvas.TapAsync();

        await Expect(studio.Dialog.Locator(".summary")).ToHaveTextAsync("1 % is drawn anew: 4 of 64 positions.");
        await Expect(studio.Button("Draw this part")).ToBeEnabledAsync();
    }

    private static ImageProvenance Provenance(byte[] file) => ImageFile.FindProvenance(file)!;

    private static byte[] Columns(RgbImage image, int start, int end) =>
        [.. Enumerable.Range(0, image.Height).SelectMany(y => image.Pixels[(3 * ((y * image.Width) + start))..(3 * ((y * image.Width) + end))].ToArray())];
}
