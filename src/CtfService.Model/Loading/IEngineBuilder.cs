using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Stages;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Loading;

/// <summary>
/// Builds the parts of a model that depend on the engine: our CPU engine (<see cref="SimdEngineBuilder"/>) or libtorch (<see cref="TorchEngineBuilder"/>).
/// Every part belongs to the <see cref="OwnedParts"/> of the load.
/// </summary>
internal interface IEngineBuilder
{
    /// <param name="rows">Rows of a decode step.</param>
    ICoarseStage BuildCoarseStage(int rows);

    /// <summary>Returns null for a plain LlamaGen model.</summary>
    IFineEngine? BuildFineEngine(ClusterMap clusters);

    IVqDecoder BuildVqDecoder(VqTokenizer tokenizer);

    /// <inheritdoc cref="Core.Models.ModelDescription.Window"/>
    int? Window { get; }

    /// <summary>Describes how the model rounds (<see cref="Arithmetic"/>).</summary>
    string ArithmeticOf(IFineEngine? fine);
}
