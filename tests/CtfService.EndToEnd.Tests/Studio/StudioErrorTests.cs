using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CtfService.EndToEnd.Tests.Clients;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>Keys, refusals and a full queue, as people see them.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class StudioErrorTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    [ChromiumFact]
    public async Task Key_AskedForOnce_IsKeptForTheTab()
    {
        await using var studio = await browser.OpenAsync(service, key: null);
        await Expect(studio.Dialog).ToContainTextAsync("API key");
        await studio.Dialog.GetByLabel("Key", new() { Exact = true }).FillAsync("ctf_wrong");
        await studio.Dialog.GetByRole(AriaRole.Button, new() { Name = "Use the key" }).ClickAsync();
        await Expect(studio.Dialog).ToBeVisibleAsync(); // asked again, because the service does not know it
        await studio.Dialog.GetByLabel("Key", new() { Exact = true }).FillAsync(GuardedService.Key);
        await studio.Dialog.GetByRole(AriaRole.Button, new() { Name = "Use the key" }).ClickAsync();

        await studio.ChooseClass("banana");
        await studio.Draw(count: 1, seed: "12");
        await studio.Page.ReloadAsync();
        await Expect(studio.Classes.First).ToBeVisibleAsync();

        await Expect(studio.Dialog).ToHaveCountAsync(0);
        Assert.DoesNotContain(studio.Requests, request => request.Url.Contains("ctf_", StringComparison.Ordinal));
        Assert.Equal(0, await studio.Page.EvaluateAsync<int>("() => localStorage.getItem('ctf-key')?.length ?? 0"));
    }

    [ChromiumFact]
    public async Task Settings_OutOfRange_AreExplainedInTheServicesWords()
    {
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations");
        request.Content = WatchedService.Json("""{"class_label":"banana","temperature":40}""");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", GuardedService.Key);
        using var answer = await service.Client.SendAsync(request);
        var error = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("error");
        var message = error.GetProperty("message").GetString()!;

        await studio.SetTemperature("40");
        await studio.DrawButton.ClickAsync();

        Assert.Contains("temperature is 40", message, StringComparison.Ordinal);
        await Expect(studio.Page.GetByText(message).First).ToBeVisibleAsync();
    }

    [ChromiumFact]
    public async Task FullQueue_WaitsAsLongAsTheServiceSays_AndGoesOnByItself()
    {
        var refusals = 0;
        await using var studio = await browser.OpenAsync(service);
        await studio.ChooseClass("banana");
        await studio.Page.RouteAsync("**/v1/images/generations", async route =>
        {
            if (Interlocked.Increment(ref refusals) > 2)
            {
                await route.ContinueAsync();
                return;
            }

            await route.FulfillAsync(new RouteFulfillOptions
            {
                Status = (int)HttpStatusCode.TooManyRequests,
                ContentType = "application/json",
                Headers = [new("Retry-After", "1")],
                Body = """{"error":{"message":"64 images wait already; at most 64 can.","type":"invalid_request_error","param":null,"code":"queue_full"}}""",
            });
        });

        await studio.Draw(count: 1, seed: "12", whileDrawing: () => Expect(studio.Page.GetByText("64 images wait already").First).ToBeVisibleAsync());

        Assert.Equal(3, refusals);
    }

    [ChromiumFact]
    public async Task Drop_FileThatIsNoPicture_SaysWhatToChoose()
    {
        await using var studio = await browser.OpenAsync(service);

        await studio.Drop("notes.txt", "text/plain", "just words"u8.ToArray());

        await Expect(studio.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync(
            "\"notes.txt\" is not a picture that this browser can read. Choose a PNG, JPEG or WebP file.");
        await Expect(studio.Dialog).ToHaveCountAsync(0);
    }
}
