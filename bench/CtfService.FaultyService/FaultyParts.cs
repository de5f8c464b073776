using System.ComponentModel;
using CtfService.Api.Configuration;
using CtfService.Api.Models;
using CtfService.Inference.Queue;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Stages.Windows;
using static TorchSharp.torch;

namespace CtfService.FaultyService;

/// <summary>Replaces the parts of the service that faults are injected into.</summary>
internal static class FaultyParts
{
    private const int Window = 4;

    public static void AddFaults(this IServiceCollection services, FaultBoard board, MovableClock clock)
    {
        services.AddSingleton<TimeProvider>(clock);
        services.AddSingleton<BundleOpener>(provider =>
        {
            var (options, inference) = (provider.GetRequiredService<ModelOptions>(), provider.GetRequiredService<InferenceOptions>());
            return (folder, device, alongsideAnother) => new CtfImageGeneratorFactory(
                folder, () => ModelPlacement.Parse(device.Setting, options.Dtype) with { Copies = device.Copies }, inference.MaxBatchRows)
            {
                AlongsideAnother = alongsideAnother,
                MaxWindow = inference.MaxWindow,
                Windows = new WindowParts(new FixedWindow(Window), Acceptance: null), // so that every model has steps with windows
                DecorateEngine = engine => new FaultyDecodeEngine(engine, board),
                Decorate = model => Decorate(model, board),
            };
        });
    }

    /// <summary>Returns an error as libtorch's wrapper throws it.</summary>
    public static Win32Exception OutOfMemory(string where) => new(0, $"CUDA out of memory. Injected in {where}.");

    /// <inheritdoc cref="OutOfMemory"/>
    public static Win32Exception Native() => new(0, "CUDA error: an illegal memory access was encountered. Injected.");

    private static LoadedModel Decorate(LoadedModel model, FaultBoard board)
    {
        var encoder = (nn.Module<Tensor, Tensor>)model.Tokenizer.named_children().Single(child => child.name == "encoder").module;
        encoder.register_forward_pre_hook((_, pictures) => board.Take(FaultKind.OomEncode) ? throw OutOfMemory("VQ encode") : pictures);
        return model with
        {
            Fine = model.Fine is null ? null : new FaultyFineEngine(model.Fine, board),
            VqDecoder = new FaultyVqDecoder(model.VqDecoder, board),
        };
    }
}
