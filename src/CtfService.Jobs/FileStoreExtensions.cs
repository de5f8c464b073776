using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Webhooks;
using CtfService.Jobs.Work;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CtfService.Jobs;

public static class FileStoreExtensions
{
    /// <summary>Folder of the job files below <see cref="StorageOptions.Folder"/>.</summary>
    private const string Folder = "files";

    /// <summary>Adds the rules that the options of storage and jobs must keep, besides ranges.</summary>
    public static IServiceCollection AddJobOptionRules(this IServiceCollection services) => services
        .AddSingleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>()
        .AddSingleton<IValidateOptions<JobsOptions>, JobsOptionsValidator>();

    /// <summary>Adds the file store that the settings choose. Nothing is opened or created before its first use.</summary>
    public static IServiceCollection AddFileStore(this IServiceCollection services) => services.AddSingleton<IFileStore>(provider =>
    {
        var storage = provider.GetRequiredService<StorageOptions>();
        if (storage.S3Bucket.Length > 0)
        {
            var client = S3Clients.Create(storage.S3ServiceUrl, storage.S3Region, storage.S3AccessKeyId, storage.S3SecretAccessKey);
            return new S3FileStore(client, storage.S3Bucket, storage.S3Prefix);
        }

        return new FolderFileStore(Path.Combine(storage.Folder, Folder), provider.GetRequiredService<TimeProvider>());
    });
}
