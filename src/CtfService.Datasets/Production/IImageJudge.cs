using CtfService.Core.Generation;

namespace CtfService.Datasets.Production;

/// <summary>Classifies images, so that those that do not show their class can be replaced. Called by one thread at a time.</summary>
public interface IImageJudge
{
    /// <summary>Classifies an image. The result depends on the image alone.</summary>
    /// <param name="classId">The class that the image was generated with.</param>
    Judgement Judge(RgbImage image, int classId);
}

/// <summary>What a classifier says about an image.</summary>
/// <param name="PredictedClass">Class id that it considers most probable.</param>
/// <param name="Probability">Probability of the class that the image was generated with, 0 to 1.</param>
public readonly record struct Judgement(int PredictedClass, double Probability);
