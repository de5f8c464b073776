using System.Net;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>A model without a fine stage cannot draw new details in a layout.</summary>
public sealed class PlainModelTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = new()
    {
        Factory = new FakeImageGeneratorFactory { Generator = new FakeImageGenerator(FakeModels.Fruits with { HasFineStage = false }) },
    };

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Redetail_NoFineStage_SaysWhatToUse()
    {
        using var response = await _api.Post(
            TestApi.Details, new StringContent("""{"layout": [0, 1, 2, 3], "class_label": 0}""", mediaType: new("application/json")));

        await AssertRefused(response);
    }

    [Fact]
    public async Task Vary_NoFineStage_SaysWhatToUse()
    {
        var picture = ImageCodec.Encode(new RgbImage(8, 8, new byte[192]), ImageFormat.Png);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(picture), "image", "picture.png" } };

        using var response = await _api.Post(TestApi.Variations, form);

        await AssertRefused(response);
    }

    [Fact]
    public async Task Generate_NoFineStage_StillSucceeds()
    {
        Assert.Single((await _api.Generate("""{"class_label": 0, "include": ["layout", "tokens"]}""")).Data);
    }

    private static async Task AssertRefused(HttpResponseMessage response)
    {
        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("model", "no_fine_stage"), (error.Param, error.Code));
        Assert.Contains("/v1/images/generations", error.Message, StringComparison.Ordinal);
        Assert.Null(error.Details);
    }
}
