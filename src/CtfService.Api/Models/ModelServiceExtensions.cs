using CtfService.Api.Configuration;
using CtfService.Core.Generation;
using CtfService.Inference;
using CtfService.Model.Generation;

namespace CtfService.Api.Models;

/// <summary>The one place where the service learns which model implementation it runs.</summary>
internal static class ModelServiceExtensions
{
    public static IServiceCollection AddGenerator(this IServiceCollection services) =>
        services.AddSingleton<ModelNames>().AddSingleton<IImageGeneratorFactory>(provider =>
        {
            var contentRoot = provider.GetRequiredService<IHostEnvironment>().ContentRootPath;
            var roots = BundleSearch.Roots(Directory.GetCurrentDirectory(), contentRoot, AppContext.BaseDirectory);
            var options = provider.GetRequiredService<ModelOptions>();
            var rows = provider.GetRequiredService<InferenceOptions>().MaxBatchRows;
            return new BundleSearch(
                options.Bundle, roots, directory => new CtfImageGeneratorFactory(directory, () => ModelPlacement.Parse(options.Device, options.Dtype), rows));
        });
}
