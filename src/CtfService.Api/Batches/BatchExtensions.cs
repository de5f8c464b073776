using CtfService.Api.Batches.Requests;
using CtfService.Api.Batches.Results;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches;

/// <summary>Adds the work of batches.</summary>
internal static class BatchExtensions
{
    /// <summary>Adds the handler, and every route that a batch may have; the order is that of messages.</summary>
    public static IServiceCollection AddBatches(this IServiceCollection services) => services
        .AddSingleton<IBatchRoute, GenerationRoute>()
        .AddSingleton<IBatchRoute, EditRoute>()
        .AddSingleton<IBatchRoute, RedetailRoute>()
        .AddSingleton<IBatchRoute, VariationRoute>()
        .AddSingleton<BatchRoutes>()
        .AddSingleton<JsonBody>()
        .AddSingleton<BatchPictures>()
        .AddSingleton<BatchPreparation>()
        .AddSingleton<ResultLines>()
        .AddSingleton<ShardRun>()
        .AddSingleton<BatchOutput>()
        .AddSingleton<BatchCreation>()
        .AddSingleton<IJobHandler, BatchHandler>();
}
