using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Stages.Windows;

namespace CtfService.EngineBenchmarks.Acceptance;

/// <summary>Loads a bundle's generator with other windows than a service chooses, or with the acceptance of another model. On the CPU engine only.</summary>
public static class WindowedModel
{
    /// <param name="rows">Rows of a decode step.</param>
    /// <param name="maxWindow">Largest window that is chosen by measurement; null for all.</param>
    /// <param name="window">The window of every image; null to choose it by measurement.</param>
    /// <param name="acceptance">What every window accepts; null for what is right.</param>
    public static IImageGeneratorFactory Factory(
        string directory, Func<ModelPlacement> placement, int rows, int? maxWindow, int? window, AcceptanceTrace? acceptance) =>
        new CtfImageGeneratorFactory(directory, placement, rows)
        {
            MaxWindow = window == 1 ? 1 : maxWindow,
            Windows = new WindowParts(
                window > 1 ? new FixedWindow(window.Value) : null,
                acceptance is null ? null : new ReplayedAcceptance(acceptance)),
        };
}
