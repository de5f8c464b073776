using System.Text.RegularExpressions;
using CtfService.EndToEnd.Tests.Clients;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>Settings in links and over a reload, keys that are forgotten, requests that wait for each other, several models.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioSettingsTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    private const string Seed = "18446744073709551615";

    [ChromiumFact]
    public async Task Link_WithSettings_ShowsThemAndLocksTheSeed()
    {
        await using var studio = await browser.OpenAsync(service);
        await Expect(studio.Classes.First).ToBeVisibleAsync();

        await studio.Page.GotoAsync($"/#class_label=pineapple&n=3&seed={Seed}&guidance_scale=2.5&fine.top_k=7&temperature=none");

        await ShouldShowThem();
        await studio.Page.ReloadAsync();
        await ShouldShowThem();
        Assert.Contains($"seed={Seed}", studio.Page.Url, StringComparison.Ordinal);

        async Task ShouldShowThem()
        {
            await Expect(studio.Page.Locator("[aria-selected=true]")).ToHaveTextAsync("pineapple");
            await Expect(studio.Page.Locator("#set-n")).ToHaveValueAsync("3");
            await Expect(studio.Page.Locator("#set-seed")).ToHaveValueAsync(Seed);
            await Expect(studio.Button("Keep this seed")).ToHaveAttributeAsync("aria-pressed", "true");
            await Expect(studio.Page.Locator("#set-guidanceScale")).ToHaveValueAsync("2.5");
            await Expect(studio.Page.Locator("#set-temperature")).ToHaveValueAsync("1"); // the default, because a word is no number
            await Expect(studio.Page.Locator("#set-fine-topK")).ToHaveValueAsync("7");
            await Expect(studio.Page.Locator("#set-fine-topK")).ToBeVisibleAsync();
        }
    }

    [ChromiumFact]
    public async Task Setting_Changed_IsInTheAddressUntilItIsTheDefaultAgain()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");

        await studio.SetTemperature("0.5");
        await Expect(studio.Page).ToHaveURLAsync(new Regex("class_label=banana.*temperature=0.5"));
        await studio.Button("Temperature: back to the default").First.ClickAsync();

        await Expect(studio.Page.Locator("#set-temperature")).ToHaveValueAsync("1");
        await Expect(studio.Page).Not.ToHaveURLAsync(new Regex("temperature"));
    }

    [ChromiumFact]
    public async Task Key_Forgotten_IsNotAskedForUntilThePersonWantsTo()
    {
        await using var studio = await browser.OpenAsync(service);
        await Expect(studio.Classes.First).ToBeVisibleAsync();

        await studio.Button("Forget the key").ClickAsync();

        await Expect(studio.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This service asks for a key.");
        await Expect(studio.Dialog).ToHaveCountAsync(0);
        Assert.Null(await studio.Page.EvaluateAsync<string?>("() => sessionStorage.getItem('ctf-key')"));
        await studio.DrawButton.ClickAsync();
        await Expect(studio.Dialog).ToContainTextAsync("API key");
    }

    [ChromiumFact]
    public async Task Draw_WhileAnotherRequestRuns_WaitsAndCanBeCancelled()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        var held = new TaskCompletionSource<IRoute>();
        await studio.Page.RouteAsync("**/v1/images/generations", route => held.TrySetResult(route) ? Task.CompletedTask : route.ContinueAsync());
        var groups = studio.Page.Locator("#results .group");

        await studio.DrawButton.ClickAsync();
        await held.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await studio.DrawButton.ClickAsync();
        await studio.DrawButton.ClickAsync();
        await Expect(groups.First).ToContainTextAsync("Waits for the drawing before it");
        await groups.First.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(groups).ToHaveCountAsync(2);
        await studio.Finished(4, () => groups.Last.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync()); // the next one draws

        await Expect(groups).ToHaveCountAsync(1);
    }

    [ChromiumFact]
    public async Task Models_SeveralBehindAGateway_CanBeChosen()
    {
        await using var studio = await browser.OpenAsync(service);
        await Expect(studio.Classes.First).ToBeVisibleAsync();
        var model = await studio.Call<string>("app.js", "module => JSON.stringify(module.studio.model)");
        await studio.Page.RouteAsync("**/v1/models", route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "application/json",
            Body = $$"""{"object": "list", "data": [{{model}}, {{model.Replace("fruits-64", "other-64", StringComparison.Ordinal)}}]}""",
        }));
        await studio.Page.RouteAsync("**/v1/status", route => route.AbortAsync()); // it would tell that the other model is not there
        await studio.Page.ReloadAsync();
        await Expect(studio.Classes.First).ToBeVisibleAsync(); // those of the first model have been asked for

        var asked = await studio.Page.RunAndWaitForRequestAsync(
            () => studio.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("other-64"),
            request => request.Url.EndsWith("/v1/classes", StringComparison.Ordinal));

        Assert.Equal("other-64", await asked.HeaderValueAsync("X-Model"));
    }
}
