using CtfService.Api.Configuration;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;
using CtfService.Model.Loading;

namespace CtfService.Api.Models;

/// <summary>Registers the model implementation; the only place that names it.</summary>
internal static class ModelServiceExtensions
{
    public static IServiceCollection AddGenerator(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
            SearchRoots.Of(Directory.GetCurrentDirectory(), provider.GetRequiredService<IHostEnvironment>().ContentRootPath, AppContext.BaseDirectory));
        services.AddSingleton<BundleOpener>(provider =>
        {
            var options = provider.GetRequiredService<ModelOptions>();
            var inference = provider.GetRequiredService<InferenceOptions>();
            return (folder, device, alongsideAnother) => new CtfImageGeneratorFactory(
                folder, () => ModelPlacement.Parse(device.Setting, options.Dtype) with { Copies = device.Copies }, inference.MaxBatchRows)
            { AlongsideAnother = alongsideAnother, MaxWindow = inference.MaxWindow };
        });
        services.AddSingleton<BundleLibrary>();
        return services.AddSingleton(provider =>
        {
            var (options, roots) = (provider.GetRequiredService<ModelOptions>(), provider.GetRequiredService<SearchRoots>());
            var open = provider.GetRequiredService<BundleOpener>();
            return new ModelOrigin(
                provider.GetRequiredService<BundleLibrary>().NameOfFirst(),
                ServingDevice.Origins(ServingDevice.Of(options), device => new BundleSearch(options.Bundle, roots, device, open)));
        });
    }
}
