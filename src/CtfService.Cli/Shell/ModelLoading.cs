using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;

namespace CtfService.Cli.Shell;

/// <summary>Loads a generator for a command.</summary>
internal static class ModelLoading
{
    /// <summary>Loads the generator. Says so if another element type than float32 was chosen for it, because it changes the bytes of the images.</summary>
    public static IImageGenerator Load(this CtfImageGeneratorFactory factory, Terminal terminal, CancellationToken cancellation)
    {
        var generator = factory.Load(cancellation);
        if (generator.Model is { DtypeReason: { } reason, Dtype: { } dtype } && dtype != FormatRule.Reference)
        {
            terminal.Error.WriteLine($"Computing in {dtype}, which --dtype auto chose: {reason}.");
        }

        return generator;
    }
}
