using System.ClientModel;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using OpenAI;
using OpenAI.Images;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>OpenAI's client for .NET works with the options of its own sample.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class OpenAiDotNetTests(GuardedService service)
{
    private ImageClient Client => new(
        GuardedService.Alias, new ApiKeyCredential(GuardedService.Key), new OpenAIClientOptions { Endpoint = new Uri(service.Client.BaseAddress!, "/v1") });

    [Fact]
    public async Task GenerateImage_OptionsOfTheSample_ReturnsTheClass()
    {
        GeneratedImage image = await Client.GenerateImageAsync("two ripe bananas", new ImageGenerationOptions
        {
            Quality = GeneratedImageQuality.High,
            Size = GeneratedImageSize.W1792xH1024,
            Style = GeneratedImageStyle.Vivid,
            ResponseFormat = GeneratedImageFormat.Bytes,
        });

        Assert.Equal("PNG"u8, image.ImageBytes.ToArray().AsSpan(1, 3));
    }

    [Fact]
    public async Task GenerateImageEdit_WithAndWithoutMask_KeepsTheRestOfThePicture()
    {
        var picture = PngPicture.Of(64, 64, (x, y) => (x, y, 90, 255));
        var mask = PngPicture.Mask(64, 64, (_, y) => y < 32);
        var erased = PngPicture.Of(64, 64, (x, y) => (x, y, 90, y < 32 ? 0 : 255));
        var options = new ImageEditOptions { Size = GeneratedImageSize.W1024xH1024, ResponseFormat = GeneratedImageFormat.Bytes, EndUserId = "end-to-end" };

        GeneratedImage masked = await Client.GenerateImageEditAsync(
            new MemoryStream(picture), "picture.png", "a banana", new MemoryStream(mask), "mask.png", options);
        GeneratedImage unmasked = await Client.GenerateImageEditAsync(new MemoryStream(erased), "erased.png", "a banana", options);

        foreach (var image in (GeneratedImage[])[masked, unmasked])
        {
            Assert.Equal(ImageCodec.Decode(picture).Pixels[(64 * 32 * 3)..], ImageCodec.Decode(image.ImageBytes.ToArray()).Pixels[(64 * 32 * 3)..]);
        }
    }
}
