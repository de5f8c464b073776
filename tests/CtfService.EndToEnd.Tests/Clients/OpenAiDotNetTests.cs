using System.ClientModel;
using OpenAI;
using OpenAI.Images;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>OpenAI's client for .NET works with the options of its own sample.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class OpenAiDotNetTests(GuardedService service)
{
    [Fact]
    public async Task GenerateImage_OptionsOfTheSample_ReturnsTheClass()
    {
        var client = new ImageClient(
            GuardedService.Alias, new ApiKeyCredential(GuardedService.Key), new OpenAIClientOptions { Endpoint = new Uri(service.Client.BaseAddress!, "/v1") });

        GeneratedImage image = await client.GenerateImageAsync("two ripe bananas", new ImageGenerationOptions
        {
            Quality = GeneratedImageQuality.High,
            Size = GeneratedImageSize.W1792xH1024,
            Style = GeneratedImageStyle.Vivid,
            ResponseFormat = GeneratedImageFormat.Bytes,
        });

        Assert.Equal("PNG"u8, image.ImageBytes.ToArray().AsSpan(1, 3));
    }
}
