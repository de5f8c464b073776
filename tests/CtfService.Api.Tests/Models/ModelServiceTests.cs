using CtfService.Api.Configuration;
using CtfService.Api.Models;
using CtfService.Inference.Queue;
using CtfService.Model.Generation;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Models;

public sealed class ModelServiceTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(16)]
    public void BundleOpener_PassesMaxWindowToTheFactory(int? window)
    {
        using var services = new ServiceCollection()
            .AddSingleton(new ModelOptions())
            .AddSingleton(new InferenceOptions { MaxWindow = window })
            .AddGenerator()
            .BuildServiceProvider();

        var factory = services.GetRequiredService<BundleOpener>()("folder", ServingDevice.Of(new ModelOptions())[0], alongsideAnother: false);

        Assert.Equal(window, Assert.IsType<CtfImageGeneratorFactory>(factory).MaxWindow);
    }
}
