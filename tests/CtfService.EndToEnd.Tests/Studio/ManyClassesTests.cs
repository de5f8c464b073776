using CtfService.EndToEnd.Tests.Clients;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>1,000 classes are as light as ten: only what is visible exists and is asked for.</summary>
[Collection(ManyClassesCollection.Name)]
public sealed class ManyClassesTests(ManyClassesService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    private const int MostElements = 1_500;

    [ChromiumFact]
    public async Task Start_ThousandClasses_AsksForTheVisibleImagesOnly()
    {
        await using var studio = await browser.OpenAsync(service);
        var visible = await VisibleClasses(studio);

        await studio.ThumbnailsLoaded();

        Assert.InRange(visible.Length, 1, 100);
        Assert.Equal(visible.Order(), AskedFor(studio).Order());
        Assert.InRange(await ElementCount(studio), 1, MostElements);
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Scroll_ToTheEndAndPastTheMiddle_AsksForNothingInBetween()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ThumbnailsLoaded();
        var atStart = AskedFor(studio);

        await studio.Page.Locator("#class-grid").EvaluateAsync("grid => grid.scrollTop = grid.scrollHeight");
        await Expect(studio.Page.Locator("#class-999")).ToBeInViewportAsync();
        await studio.ThumbnailsLoaded();

        var later = AskedFor(studio).Except(atStart).ToArray();
        Assert.Equal((await VisibleClasses(studio)).Order(), later.Order());
        Assert.InRange(await ElementCount(studio), 1, MostElements);
        await studio.ShouldBeQuiet();
    }

    [ChromiumFact]
    public async Task Search_PartOfAName_ShowsOnlyItsClasses()
    {
        await using var studio = await browser.OpenAsync(service);

        await studio.Page.GetByLabel("Search classes").FillAsync("CLASS 99");

        await Expect(studio.Classes).ToHaveTextAsync(["class 99", .. Enumerable.Range(990, 10).Select(id => $"class {id}")]);
    }

    private static int[] AskedFor(StudioPage studio) =>
    [
        .. studio.Requests.Select(request => new Uri(request.Url).AbsolutePath.Split('/'))
            .Where(path => path is ["", "v1", "classes", _, "image"]).Select(path => int.Parse(path[3])).Distinct(),
    ];

    /// <summary>The classes of which a part is in view.</summary>
    private static Task<int[]> VisibleClasses(StudioPage studio) => studio.Page.Locator("#class-grid").EvaluateAsync<int[]>("""
        grid => {
          const view = grid.getBoundingClientRect();
          return [...grid.querySelectorAll("[data-id]")]
            .filter(option => { const box = option.getBoundingClientRect(); return box.bottom > view.top && box.top < view.bottom; })
            .map(option => Number(option.dataset.id));
        }
        """);

    private static Task<int> ElementCount(StudioPage studio) => studio.Page.EvaluateAsync<int>("() => document.querySelectorAll('*').length");
}
