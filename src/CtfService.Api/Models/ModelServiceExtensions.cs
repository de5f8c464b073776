using CtfService.Api.Configuration;
using CtfService.Core.Models;
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
            var rows = provider.GetRequiredService<InferenceOptions>().MaxBatchRows;
            return (folder, alongsideAnother) =>
                new CtfImageGeneratorFactory(folder, () => ModelPlacement.Parse(options.Device, options.Dtype), rows) { AlongsideAnother = alongsideAnother };
        });
        services.AddSingleton<BundleLibrary>();
        services.AddSingleton<IImageGeneratorFactory>(provider => new BundleSearch(
            provider.GetRequiredService<ModelOptions>().Bundle, provider.GetRequiredService<SearchRoots>(), provider.GetRequiredService<BundleOpener>()));
        return services.AddSingleton(provider => new ModelOrigin(
            provider.GetRequiredService<BundleLibrary>().NameOfFirst(), provider.GetRequiredService<IImageGeneratorFactory>()));
    }
}
