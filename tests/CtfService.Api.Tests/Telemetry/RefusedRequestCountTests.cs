using System.Text;
using CtfService.Api.Tests.Endpoints;
using CtfService.Api.Tests.Idempotency;
using CtfService.Api.Tests.Security;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Telemetry;

/// <summary>Requests that end without generating: each is counted once as received and once as ended, with its reason.</summary>
public sealed class RefusedRequestCountTests
{
    private const string OneImage = """{"class_label": 0}""";

    [Theory]
    [InlineData("""{"class_label": "nonsense"}""")]
    [InlineData("""{"class_label": 0, "n": 1000}""")]
    [InlineData("""{"class_label": 0, "unknown": 1}""")]
    [InlineData("""{"class_label": 0""")]
    [InlineData("")]
    public async Task Generate_WrongBody_IsRejectedAsInvalid(string json)
    {
        await using var api = await Ready(new TestApi());
        using var ledger = new RequestLedger(api.Services);

        using var response = await api.PostImages(json);

        await ledger.AssertOnly("rejected", "invalid");
    }

    [Theory]
    [InlineData("text/plain", "*/*")]
    [InlineData("application/json; charset=latin1", "*/*")]
    [InlineData("application/json", "text/html")]
    public async Task Generate_WrongContentTypeOrAccept_IsRejectedAsInvalid(string contentType, string accept)
    {
        await using var api = await Ready(new TestApi());
        using var ledger = new RequestLedger(api.Services);
        using var content = new StringContent(OneImage, Encoding.UTF8);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);

        using var response = await api.Post(TestApi.Images, content, ("Accept", accept));

        await ledger.AssertOnly("rejected", "invalid");
    }

    [Fact]
    public async Task Redetail_WrongLayout_IsRejectedAsInvalidUnderItsRoute()
    {
        await using var api = await Ready(new TestApi());
        using var ledger = new RequestLedger(api.Services);
        using var content = new StringContent("""{"class_label": 0, "layout": [99]}""", Encoding.UTF8, "application/json");

        using var response = await api.Post(TestApi.Details + "/", content);

        await ledger.AssertOnly("rejected", "invalid", "redetail");
    }

    [Fact]
    public async Task Vary_FileTooLarge_IsRejectedAsTooLargeUnderItsRoute()
    {
        await using var api = await Ready(new TestApi { Settings = { ["Limits:MaxUploadPixels"] = "1024" } });
        using var ledger = new RequestLedger(api.Services);
        var picture = ImageCodec.Encode(new Core.Generation.RgbImage(64, 64, new byte[64 * 64 * 3]), Core.Generation.ImageFormat.Png, quality: 0);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(picture), "image", "picture.png" } };

        using var response = await api.Post(TestApi.Variations, form);

        await ledger.AssertOnly("rejected", "too_large", "variations");
    }

    [Fact]
    public async Task Edit_MaskDoesNotFit_IsRejectedAsInvalidUnderItsRoute()
    {
        await using var api = await Ready(new TestApi());
        using var ledger = new RequestLedger(api.Services);
        using var form = EditForm.Of(EditForm.Picture, EditForm.Picture, ("class_label", "0"));

        using var response = await api.Post(TestApi.Edits, form);

        await ledger.AssertOnly("rejected", "invalid", "edits");
    }

    [Fact]
    public async Task Generate_BodyTooLarge_IsRejectedAsTooLarge()
    {
        await using var api = new TestApi { Settings = { ["Limits:MaxRequestBodyBytes"] = "2000" } };
        api.UseKestrel(port: 0); // the web server itself counts bytes
        await api.InitializeAsync();
        using var ledger = new RequestLedger(api.Services);

        using var response = await api.PostImages(OneImage.PadRight(2_001));

        await ledger.AssertOnly("rejected", "too_large");
    }

    [Fact]
    public async Task Generate_NoKey_IsRejectedAsUnauthorized()
    {
        await using var api = await Ready(TestKeys.Api());
        using var ledger = new RequestLedger(api.Services);

        using var response = await api.PostImages(OneImage);

        await ledger.AssertOnly("rejected", "unauthorized");
    }

    [Fact]
    public async Task Generate_OverTheRateLimit_IsRejectedAsRateLimited()
    {
        await using var api = await Ready(new TestApi { Settings = { ["Security:RequestsPerMinute"] = "1" } });
        using var models = await api.Get("/v1/models"); // uses up the limit of the minute
        using var ledger = new RequestLedger(api.Services);

        using var response = await api.PostImages(OneImage);

        await ledger.AssertOnly("rejected", "rate_limited");
    }

    [Fact]
    public async Task Generate_ModelIsLoading_IsRejectedAsNotReady()
    {
        await using var api = new TestApi();
        using var load = api.Factory.HoldNextLoad();
        api.Start();
        using var ledger = new RequestLedger(api.Services);

        using var response = await api.PostImages(OneImage);

        await ledger.AssertOnly("rejected", "not_ready");
    }

    [Fact]
    public async Task Generate_ModelCouldNotBeLoaded_IsRejectedAsNotReady()
    {
        await using var api = new TestApi();
        api.Factory.FailNextLoad(new CheckpointException("damaged"));
        await api.InitializeAsync();
        using var ledger = new RequestLedger(api.Services);

        using var response = await api.PostImages(OneImage);

        await ledger.AssertOnly("rejected", "not_ready");
    }

    [Fact]
    public async Task Generate_CallerHasTheResponse_IsCompletedAsNotModified()
    {
        await using var api = await Ready(new TestApi());
        using var ledger = new RequestLedger(api.Services);
        using var content = new StringContent("""{"class_label": 0, "seed": 5}""", Encoding.UTF8, "application/json");

        using var response = await api.Post(TestApi.Images, content, ("If-None-Match", "*"));

        await ledger.AssertOnly("completed", "not_modified");
    }

    [Fact]
    public async Task Generate_KeyOfAnEarlierRequest_IsCompletedAsReplayed()
    {
        await using var api = await Ready(new TestApi());
        using var first = await api.PostWithKey("k", OneImage);
        using var ledger = new RequestLedger(api.Services);

        using var again = await api.PostWithKey("k", OneImage);

        await ledger.AssertOnly("completed", "replayed");
    }

    [Fact]
    public async Task Generate_KeyOfAnotherRequest_IsRejectedAsInvalid()
    {
        await using var api = await Ready(new TestApi());
        using var first = await api.PostWithKey("k", OneImage);
        using var ledger = new RequestLedger(api.Services);

        using var other = await api.PostWithKey("k", """{"class_label": 1}""");

        await ledger.AssertOnly("rejected", "invalid");
    }

    [Theory]
    [InlineData("GET", "/v1/images/generations")]
    [InlineData("POST", "/v1/images")]
    [InlineData("POST", "/v1/images/upscale")]
    [InlineData("POST", "/v1/images/generations/1")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/health/ready")]
    public async Task OtherRequest_Answered_IsNotCounted(string method, string path)
    {
        await using var api = await Ready(new TestApi());
        using var ledger = new RequestLedger(api.Services);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await api.Client.SendAsync(request);

        Assert.Empty(ledger.Received);
        Assert.Empty(await ledger.EndsAsync(requests: 0));
    }

    private static async Task<TestApi> Ready(TestApi api)
    {
        await api.InitializeAsync();
        return api;
    }
}
