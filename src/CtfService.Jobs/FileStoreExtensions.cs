using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Jobs;

public static class FileStoreExtensions
{
    /// <summary>Folder of the job files below <see cref="StorageOptions.Folder"/>.</summary>
    private const string Folder = "files";

    /// <summary>Adds the file store that the settings choose. Nothing is opened or created before its first use.</summary>
    public static IServiceCollection AddFileStore(this IServiceCollection services) => services.AddSingleton<IFileStore>(provider =>
    {
        var storage = provider.GetRequiredService<StorageOptions>();
        return new FolderFileStore(Path.Combine(storage.Folder, Folder), provider.GetRequiredService<TimeProvider>());
    });
}
