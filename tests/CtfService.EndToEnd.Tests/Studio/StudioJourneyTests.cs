using CtfService.Core.Generation;
using CtfService.EndToEnd.Tests.Clients;
using CtfService.Model.Imaging;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>What a person does on the page, from the first class to a file that is dropped back.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioJourneyTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    [ChromiumFact]
    public async Task Draw_FourImagesOfAClass_AppearAsPreviewsAndThenFinished()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");

        await studio.Draw(count: 4, seed: "12");

        Assert.True(await studio.PreviewCount() >= 4, "Every image should have appeared before it was finished.");
        await Expect(studio.Results).ToHaveCountAsync(4);
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Draw_LockedSeedTwice_GivesTheSameImagesAndAnUnlockedOneOthers()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");

        var first = await studio.Draw(count: 2, seed: "18446744073709551615");
        var second = await studio.Draw(count: 2);
        await studio.Button("Keep this seed").ClickAsync();
        var other = await studio.Draw(count: 2);

        Assert.Equal(first, second);
        Assert.NotEqual(first[0], other[0]);
        Assert.Equal("18446744073709551615", Provenance(first[0]).Seed.ToString());
    }

    [ChromiumFact]
    public async Task File_DownloadedAndDroppedBack_RestoresItsSettingsAndIsDrawnAgain()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("pineapple");
        await studio.SetTemperature("0.8");
        var drawn = (await studio.Draw(count: 1, seed: "9007199254740993"))[0];
        await studio.Results.First.ClickAsync();
        var file = await studio.Download("PNG");
        await studio.Page.ReloadAsync();
        await studio.ChooseClass("banana");
        await studio.SetTemperature("1");

        await studio.Drop("pineapple.png", "image/png", file);
        await Expect(studio.Dialog).ToContainTextAsync("pineapple, seed 9007199254740993");
        await studio.Button("Use these settings").ClickAsync();
        var again = (await studio.Draw(count: 1))[0];

        Assert.Equal(drawn, file);
        Assert.Equal(file, again);
        Assert.Equal(0.8f, Provenance(again).Coarse!.Temperature);
        Assert.Equal("pineapple", Provenance(again).ClassLabel);
    }

    [ChromiumFact]
    public async Task File_OfAnotherSampler_IsNotOfferedToBeDrawnAgain()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        var drawn = (await studio.Draw(count: 1, seed: "12"))[0];
        var old = ImageFile.Encode(ImageCodec.Decode(drawn), Provenance(drawn) with { Sampler = null }, ImageFormat.Png);

        await studio.Drop("new.png", "image/png", drawn);
        await Expect(studio.Dialog).ToContainTextAsync("draws it again, the same to the last byte");
        await Expect(studio.Button("Draw it again")).ToHaveCountAsync(1);
        await studio.Page.Keyboard.PressAsync("Escape");
        await studio.Drop("old.png", "image/png", old);

        await Expect(studio.Dialog).ToContainTextAsync("It was drawn by the sampler inverse_cdf and the service uses gumbel_max");
        await Expect(studio.Button("Draw it again")).ToHaveCountAsync(0);
        await Expect(studio.Button("Use these settings")).ToHaveCountAsync(1);
    }

    [ChromiumTheory]
    [InlineData("JPEG", ImageFormat.Jpeg)]
    [InlineData("WebP", ImageFormat.Webp)]
    public async Task Download_AnotherFormat_IsDrawnByTheServiceWithItsProvenance(string name, ImageFormat format)
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Draw(count: 1, seed: "12");
        await studio.Results.First.ClickAsync();

        var file = await studio.Download(name);

        Assert.Equal(format, ImageFile.Recognize(file));
        Assert.Equal(("banana", 12UL), (Provenance(file).ClassLabel, Provenance(file).Seed));
    }

    [ChromiumFact]
    public async Task Viewer_AgainNewDetailsVariationsAndOtherClass_EachDrawMore()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Draw(count: 1, seed: "12");

        async Task<byte[][]> From(string button, int count)
        {
            await studio.Results.Last.ClickAsync(); // the first image
            return await studio.Finished(count, () => studio.Dialog.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync());
        }

        var again = await From("Again", 1);
        var details = await From("New details", 1);
        var variations = await From("Variations", 4);
        await studio.Results.Last.ClickAsync();
        await studio.Dialog.GetByLabel("Same seed, other class").FillAsync("pineapple");
        var other = await studio.Finished(1, () => studio.Button("Draw with this seed").ClickAsync());

        Assert.NotEqual(12UL, Provenance(again[0]).Seed);
        Assert.Equal("Given", Provenance(details[0]).Layout.ToString());
        Assert.All(variations, file => Assert.Equal("Encoded", Provenance(file).Layout.ToString()));
        Assert.Equal(("pineapple", 12UL), (Provenance(other[0]).ClassLabel, Provenance(other[0]).Seed));
        await studio.ShouldBeQuiet();
    }

    private static Core.Models.ImageProvenance Provenance(byte[] file) => ImageFile.FindProvenance(file)!;
}
