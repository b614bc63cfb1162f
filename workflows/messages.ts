import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { EmergencyStop, ResumeRequest, TradingControlState } from '../contracts/control.ts';
import type { ProtectionState } from '../contracts/protection.ts';

/** To running cycles and orders, from tradingControl. */
export const halt = defineSignal<[{ epoch: number; reason: string }]>('halt');

/** To protective exits: something is held now. They do not end without having looked at it. */
export const lookAgain = defineSignal('lookAgain');
export const protection = defineQuery<ProtectionState>('protection');

export const emergencyStop = defineSignal<[EmergencyStop]>('emergencyStop');
export const resume = defineUpdate<TradingControlState, [ResumeRequest]>('resume');
/** Looks at the halt row, and answers once no stop is under way any more. */
export const settled = defineUpdate<TradingControlState>('settled');
export const state = defineQuery<TradingControlState>('state');
