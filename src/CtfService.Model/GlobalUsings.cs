// TorchSharp.Modules has types of the same names.
global using Convolution = CtfService.Model.Layers.Convolution;
global using GroupNorm = CtfService.Model.Layers.GroupNorm;
