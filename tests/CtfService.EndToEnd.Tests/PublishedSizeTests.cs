using System.Net;
using System.Net.Http.Headers;
using CtfService.Inference.Status;
using CtfService.Model.Conversion;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using static TorchSharp.torch;

namespace CtfService.EndToEnd.Tests;

/// <summary>Serves a model of a published size, from PyTorch files to an HTTP response. The weights are random, so only shapes and sizes are tested.</summary>
public sealed class PublishedSizeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Generations_ConvertedLlamaGenB_ReturnsAnImage()
    {
        var bundle = _folder.File("llamagen-b-256");
        BundleConverter.Convert(new ConversionRequest
        {
            TokenizerPath = Write("VQ-16", "vq_ds16_c2i.pt"),
            CoarsePath = Write("GPT-B", "c2i_B_256.pt"),
            OutputDirectory = bundle,
            Name = "llamagen-b-256",
            Dtype = ScalarType.BFloat16,
        });
        using var service = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host.UseSetting("Model:Bundle", bundle));
        var client = service.CreateClient();
        await service.Services.GetRequiredService<IModelStatus>().LoadingEnded;

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations")
        {
            Content = new StringContent("""{"class_label":"golden retriever","guidance_scale":1,"seed":1}""", MediaTypeHeaderValue.Parse("application/json")),
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/png"));
        var response = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var image = ImageCodec.Decode(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal((256, 256), (image.Width, image.Height));
        Assert.Contains("n02099601", await client.GetStringAsync("/v1/classes?q=golden"), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string model, string name)
    {
        TorchFileWriter.Write(_folder.File(name), PublishedShapes.Of(model), TorchFileWriter.FillRandom);
        return _folder.File(name);
    }
}
